import type { DurableSteps } from "../../lambda/workflow/steps.ts";

export interface CountingSteps extends DurableSteps {
	readonly now: () => number;
	/** Time that passes within a step. */
	readonly pass: (seconds: number) => void;
	/** As AWS meters them. */
	readonly operations: () => number;
	readonly warnings: { readonly at: number; readonly message: string }[];
}

/** Counts as the durable engine does, on a clock that only waits move: each attempt and each check is an operation. */
export function countingSteps(startedAt: number): CountingSteps {
	let at = startedAt;
	let operations = 0;
	const warnings: CountingSteps["warnings"] = [];
	const step = <T>(_name: string, work: () => Promise<T>): Promise<T> => {
		operations += 1;
		return work();
	};
	return {
		now: () => at,
		pass(seconds) {
			at += seconds * 1000;
		},
		operations: () => operations,
		warnings,
		executionStartedAt: startedAt,
		step,
		once: step,
		warn: (message, _fields, isRepeated) => void (isRepeated || warnings.push({ at, message })),
		async insist(_name, work, pauseAfter) {
			for (let tries = 1; ; tries++) {
				operations += 1;
				try {
					return await work();
				} catch (error) {
					const seconds = pauseAfter(tries, error as Error);
					if (seconds === "stop") throw error;
					at += seconds * 1000;
				}
			}
		},
		async sleep(_name, seconds) {
			operations += 1;
			at += seconds * 1000;
		},
		async until(_name, initial, check, next) {
			operations += 1;
			let state = initial;
			for (;;) {
				operations += 1;
				// What a checkpoint keeps is JSON.
				state = JSON.parse(JSON.stringify(await check(state)));
				const seconds = next(state);
				if (seconds === "stop") return state;
				at += seconds * 1000;
			}
		},
	};
}
