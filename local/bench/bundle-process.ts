import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { FUNCTION_ARN } from "../aws/protocol.ts";
import type { Deployed } from "./deployed-run.ts";
import { childPath } from "./process.ts";

interface Answer {
	readonly id: number;
	readonly result?: unknown;
	readonly error?: string;
	/** Kilobytes. */
	readonly rss: number;
}

/** A durable function in a process of its own. */
export interface BundleProcess extends Deployed {
	/** The most memory that the process ever took, so far. */
	readonly rssMb: () => number;
}

/**
 * Runs a deployed bundle alone in a process. The local runner calls it here, and the event goes there.
 *
 * @param bundle path of its `index.mjs`
 * @param env of the process, with the place of Lambda's API
 */
export async function startBundle(bundle: string, env: NodeJS.ProcessEnv): Promise<BundleProcess> {
	const child: ChildProcess = fork(childPath("bundle.ts"), [bundle], {
		execArgv: ["--no-warnings"],
		env,
	});
	await once(child, "message");
	const waiting = new Map<number, (answer: Answer) => void>();
	let rss = 0;
	let invocations = 0;
	child.on("message", (answer: Answer) => {
		rss = Math.max(rss, answer.rss);
		waiting.get(answer.id)?.(answer);
		waiting.delete(answer.id);
	});
	const invoke = async (event: unknown): Promise<unknown> => {
		const id = invocations++;
		const answered = new Promise<Answer>((resolve) => waiting.set(id, resolve));
		child.send({ id, event, arn: FUNCTION_ARN });
		const { result, error } = await answered;
		if (error !== undefined) throw new Error(error);
		return result;
	};
	return {
		handler: invoke,
		rssMb: () => Math.round(rss / 1000),
		async [Symbol.asyncDispose]() {
			child.kill();
			await once(child, "exit");
		},
	};
}
