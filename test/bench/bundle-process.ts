import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { DurableExecutionClient } from "@aws/durable-execution-sdk-js";
import type { DurableHandler } from "../../local/aws/engine.ts";
import { FUNCTION_ARN } from "../../local/aws/names.ts";
import { childPath } from "./process.ts";

/** What the local runner gives a durable function: the event, and the way to the checkpoints. */
interface Invocation {
	readonly DurableExecutionArn: string;
	readonly durableExecutionClient: DurableExecutionClient;
}

interface Answer {
	readonly id: number;
	readonly result?: unknown;
	readonly error?: string;
	/** Kilobytes. */
	readonly rss: number;
}

/** A durable function in a process of its own. */
export interface BundleProcess extends AsyncDisposable {
	/** Stands in for the function in this process. */
	readonly handler: DurableHandler;
	/** The most memory that the process ever took, so far. */
	readonly rssMb: () => number;
}

/**
 * Runs a deployed bundle alone in a process. The local runner calls it here; the event goes there, and the bundle's
 * checkpoints come back over HTTP, as in Lambda.
 *
 * @param bundle path of its `index.mjs`
 * @param env of the process; where Lambda's API is, is added
 */
export async function startBundle(bundle: string, env: NodeJS.ProcessEnv): Promise<BundleProcess> {
	const clients = new Map<string, DurableExecutionClient>();
	const server = createServer((request, response) => {
		answerCheckpoint(clients, request.url ?? "", text(request)).then(
			(reply) => response.setHeader("content-type", "application/json").end(toJson(reply)),
			() => response.writeHead(500).end(),
		);
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	const child: ChildProcess = fork(childPath("bundle.ts"), [bundle], {
		execArgv: ["--no-warnings"],
		env: { ...env, AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${port}` },
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
	const invoke = async ({ durableExecutionClient, ...event }: Invocation): Promise<unknown> => {
		clients.set(event.DurableExecutionArn, durableExecutionClient);
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
			server.closeAllConnections();
			server.close();
		},
	};
}

/** @see AWS Lambda API: CheckpointDurableExecution, GetDurableExecutionState */
async function answerCheckpoint(
	clients: ReadonlyMap<string, DurableExecutionClient>,
	url: string,
	body: Promise<string>,
): Promise<unknown> {
	const { pathname, searchParams } = new URL(url, "http://localhost");
	const [, , , arn = "", operation] = pathname.split("/");
	const client = clients.get(decodeURIComponent(arn));
	if (!client) throw new Error("no such execution");
	const DurableExecutionArn = decodeURIComponent(arn);
	if (operation === "checkpoint") {
		return await client.checkpoint({ ...JSON.parse(await body), DurableExecutionArn });
	}
	const { CheckpointToken, Marker, MaxItems } = Object.fromEntries(searchParams);
	return await client.getExecutionState({ DurableExecutionArn, CheckpointToken, Marker, MaxItems: Number(MaxItems) });
}

/** Times as seconds since 1970. @see Smithy, restJson1 (timestamps) */
const toJson = (reply: unknown): string =>
	JSON.stringify(reply, function (this: Readonly<Record<string, unknown>>, key, value: unknown) {
		const member = this[key];
		return member instanceof Date ? member.getTime() / 1000 : value;
	});
