import type { DurableHandler } from "../aws/engine.ts";
import type { CheckpointFaults } from "./fault-injector.ts";
import { faultyClient } from "./faulty-client.ts";
import { countOperations, doneOf, hasEnded, type Input, renewed, withClient } from "./invocation.ts";
import type { Strike } from "./plan.ts";
import { type LambdaProcess, outsideProcesses } from "./process.ts";

type Handler = (event: Input, context: unknown) => Promise<unknown>;

/** A process with the function in it. */
export interface Environment {
	readonly process: LambdaProcess;
	readonly handler: DurableHandler;
}

export interface PlatformOptions {
	/** One that is idle, or else a new one. */
	readonly acquire: () => Promise<Environment>;
	/** It is idle again. */
	readonly release: (environment: Environment) => void;
	readonly atCheckpoint: () => CheckpointFaults;
	/** Seconds by which the invocation that comes next is late. */
	readonly lateness: () => number;
	/** Milliseconds by which the clock of an invocation is wrong. */
	readonly skew: () => number;
	/** Resolves when what is on the wire has reached the other side. */
	readonly settled: () => Promise<void>;
	/** Called with the time, in milliseconds from now on, for which no invocation is under way. */
	readonly onPause: (milliseconds: number) => void;
}

/** Lambda, as it runs the durable function: in processes that may be frozen or die. */
export interface Platform {
	/** As the engine calls it. */
	readonly handler: Handler;
	/** Breaks off the invocation that this process carries out. */
	strike(process: LambdaProcess, strike: Strike): void;
	/** Invocations that broke off. */
	readonly deaths: number;
	/** Operations of each execution, by its ARN. */
	readonly operations: ReadonlyMap<string, number>;
	/** Lets frozen processes go on for a moment, and ends all that were struck. */
	end(): Promise<void>;
}

/** Milliseconds between an invocation that failed and the next one: doubled each time, up to half an hour. */
const retryPause = (failures: number): number => Math.min(5_000 * 2 ** (failures - 1), 1_800_000);
/** Failures in a row after which the platform gives up. */
const MOST_FAILURES = 2_000;
/** Milliseconds for which thawed processes may go on when the run is over. */
const AFTERMATH = 15_000;

export function createPlatform(options: PlatformOptions): Platform {
	let deaths = 0;
	const operations = countOperations();
	const struck = new Set<LambdaProcess>();
	const invocations = new Map<LambdaProcess, (strike: Strike) => void>();

	async function invoke(event: Input, context: unknown): Promise<{ end: unknown } | { pause: number }> {
		const environment = await options.acquire();
		const { process } = environment;
		process.skew = options.skew();
		process.thaw();
		const broken = Promise.withResolvers<{ pause: number }>();
		invocations.set(process, ({ process: what, pause }) => {
			invocations.delete(process);
			struck.add(process);
			deaths++;
			if (what === "dies") process.kill();
			else if (what !== "goes on") {
				process.freeze();
				outsideProcesses(() => setTimeout(() => process.thaw(), what.thawsAfter * 1000));
			}
			broken.resolve({ pause: pause * 1000 });
		});
		const known = new Set(doneOf(event.InitialExecutionState.Operations));
		const client = faultyClient(event.durableExecutionClient, {
			process,
			known,
			isLost: () => struck.has(process),
			strike: (strike) => invocations.get(process)?.(strike),
			atCheckpoint: () => options.atCheckpoint(),
			count: (checkpoint) => operations.add(checkpoint),
		});
		const handler = environment.handler as unknown as Handler;
		const ended = process
			.run(() => handler(withClient(event, client), context))
			.then(
				(end) => ({ end }),
				(error: unknown) => ({ error }),
			);
		const came = await Promise.race([ended, broken.promise]);
		if ("pause" in came) return came;
		invocations.delete(process);
		process.freeze();
		options.release(environment);
		if ("error" in came) throw came.error;
		if (hasEnded(came.end)) return came;
		// A wait that ended while the invocation was about to: the engine would begin another one at once.
		const { InitialExecutionState: now } = await renewed(event);
		return doneOf(now.Operations).some((id) => !known.has(id)) ? { pause: 0 } : came;
	}

	return {
		get deaths() {
			return deaths;
		},
		operations: operations.counts,
		strike: (process, strike) => invocations.get(process)?.(strike),
		async handler(first, context) {
			let event = first;
			let failures = 0;
			for (;;) {
				const late = options.lateness() * 1000;
				if (late > 0) {
					await sleep(late);
					event = await renewed(event);
				}
				let pause: number;
				try {
					const came = await invoke(event, context);
					if ("end" in came) return came.end;
					({ pause } = came);
					failures = 0;
				} catch (error) {
					if (++failures > MOST_FAILURES) throw error;
					pause = retryPause(failures);
				}
				options.onPause(pause);
				await options.settled();
				await sleep(pause);
				event = await renewed(event);
			}
		},
		async end() {
			if (struck.size === 0) return;
			for (const process of struck) process.thaw();
			await sleep(AFTERMATH);
			await options.settled();
			for (const process of struck) process.kill();
		},
	};
}

const sleep = (milliseconds: number): Promise<void> =>
	outsideProcesses(() => new Promise((resolve) => setTimeout(resolve, milliseconds)));
