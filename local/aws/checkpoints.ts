import { randomUUID } from "node:crypto";
import type { DurableExecutionClient } from "@aws/durable-execution-sdk-js";
import { isRecord } from "../../lambda/domain/json.ts";
import { AwsError, type AwsReply, type AwsRequest, readJsonObject, toWire } from "./protocol.ts";

/** What the local runner hands to a durable function. */
interface Invocation {
	readonly DurableExecutionArn: string;
	readonly CheckpointToken: string;
	readonly durableExecutionClient: DurableExecutionClient;
}

interface CheckpointInput {
	readonly ClientToken?: string;
	readonly CheckpointToken: string;
	readonly Updates?: readonly unknown[];
}

/** Bytes of one update's payload. @see Lambda Developer Guide, "Lambda quotas" */
const PAYLOAD_BYTES = 256 * 1024;

/** The part of Lambda's API over which a durable function writes its checkpoints, in front of the local runner. */
export interface CheckpointService {
	/** Takes this execution's checkpoints here. @returns the event, as Lambda hands it to the function */
	open<T extends Invocation>(invocation: T): Omit<T, "durableExecutionClient">;
	/** @returns the event of the next invocation, after one that threw */
	reopen<T extends Invocation>(invocation: T): Promise<Omit<T, "durableExecutionClient">>;
	/** @throws AwsError, as Lambda does: a stale token, a payload too large */
	answer(arn: string, operation: "checkpoint" | "state", request: AwsRequest): Promise<AwsReply>;
}

/** @see AWS Lambda API: CheckpointDurableExecution, GetDurableExecutionState */
export function createCheckpoints(): CheckpointService {
	const clients = new Map<string, { readonly client: DurableExecutionClient; token: string }>();
	const answered = new Map<string, Promise<AwsReply>>();
	const find = (arn: string) => {
		const found = clients.get(arn);
		if (found) return found;
		throw new AwsError("ResourceNotFoundException", 404, "Durable execution not found.");
	};
	return {
		open({ durableExecutionClient: client, ...event }) {
			clients.set(event.DurableExecutionArn, { client, token: event.CheckpointToken });
			return event;
		},
		async reopen({ durableExecutionClient: client, ...event }) {
			const { token } = find(event.DurableExecutionArn);
			const state = await client.getExecutionState({
				DurableExecutionArn: event.DurableExecutionArn,
				CheckpointToken: token,
				Marker: "",
				MaxItems: 1000,
			});
			return {
				...event,
				CheckpointToken: token,
				InitialExecutionState: { Operations: state.Operations, NextMarker: state.NextMarker },
			};
		},
		async answer(DurableExecutionArn, operation, request) {
			const execution = find(DurableExecutionArn);
			if (operation === "state") {
				const state = await execution.client.getExecutionState({
					DurableExecutionArn,
					CheckpointToken: request.query.get("CheckpointToken") ?? "",
					Marker: request.query.get("Marker") ?? "",
					MaxItems: Number(request.query.get("MaxItems") ?? 1000),
				});
				return { status: 200, body: toWire(state) };
			}
			const { ClientToken, CheckpointToken, Updates = [] } = readJsonObject(request.body) as unknown as CheckpointInput;
			const take = async () => {
				for (const update of Updates) checkUpdateSize(update);
				const checkpoint = { DurableExecutionArn, CheckpointToken, Updates: Updates as never };
				// The runner rejects stale tokens: invocations of one execution may overlap.
				const reply = await execution.client.checkpoint(checkpoint).catch((error: unknown) => {
					throw invalid(error instanceof Error ? error.message : "Invalid checkpoint token");
				});
				execution.token = reply.CheckpointToken ?? execution.token;
				return { status: 200, body: toWire(reply) };
			};
			// The SDK repeats a call whose reply was lost, with the same client token: it must not count twice.
			const key = `${DurableExecutionArn} ${ClientToken ?? randomUUID()}`;
			const reply = answered.get(key) ?? take();
			answered.set(key, reply);
			return reply;
		},
	};
}

/** @throws AwsError, as Lambda does, where an update of a checkpoint is too large */
export function checkUpdateSize(update: unknown): void {
	const { Type, Payload, Error: error } = isRecord(update) ? update : {};
	const data = isRecord(error) ? error["ErrorData"] : undefined;
	for (const text of [Payload, data]) {
		if (typeof text === "string" && Buffer.byteLength(text) > PAYLOAD_BYTES) {
			throw invalid(`${String(Type)} payload size must be less than or equal to ${PAYLOAD_BYTES} bytes.`);
		}
	}
}

const invalid = (message: string) => new AwsError("InvalidParameterValueException", 400, message);
