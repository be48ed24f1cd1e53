import { text } from "node:stream/consumers";
import type { DurableExecutionClient } from "@aws/durable-execution-sdk-js";
import { serveLoopback } from "./loopback.ts";

/** What the local runner gives a durable function: the event, and the way to the checkpoints. */
export interface Invocation {
	readonly DurableExecutionArn: string;
	readonly durableExecutionClient: DurableExecutionClient;
}

/** The part of Lambda's API that a durable function calls, over HTTP. */
export interface Checkpoints extends AsyncDisposable {
	/** For `AWS_ENDPOINT_URL_LAMBDA`. */
	readonly url: string;
	/** Has this execution's checkpoints taken here. @returns the event, as Lambda gives it to the function */
	open(invocation: Invocation): Omit<Invocation, "durableExecutionClient">;
}

/** Takes the checkpoints of functions that run in other processes to the local runner, which is in this one. */
export async function serveCheckpoints(): Promise<Checkpoints> {
	const clients = new Map<string, DurableExecutionClient>();
	const { address, ...server } = await serveLoopback(async (request, response) => {
		const reply = await answerCheckpoint(clients, request.url ?? "", text(request));
		response.setHeader("content-type", "application/json").end(toJson(reply));
	});
	return {
		...server,
		url: `http://${address}`,
		open({ durableExecutionClient, ...event }) {
			clients.set(event.DurableExecutionArn, durableExecutionClient);
			return event;
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
