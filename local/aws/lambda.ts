import { randomUUID } from "node:crypto";
import type { DurableEngine, Execution } from "./engine.ts";
import {
	AwsError,
	type AwsReply,
	type AwsRequest,
	isDurableFunction,
	isQualified,
	type ServiceOperation,
	toWire,
	VERSION_ARN,
} from "./protocol.ts";

/** Bytes of an asynchronous invocation's payload. */
const PAYLOAD_BYTES = 1024 * 1024;
const LONGEST_PAGE = 1000;

/**
 * The part of Lambda's API that the trigger function uses.
 *
 * @returns `undefined` for what is not Lambda's
 * @see AWS Lambda API: Invoke, ListDurableExecutionsByFunction, GetDurableExecution, GetDurableExecutionHistory
 */
export function routeLambda(request: AwsRequest, engine: DurableEngine): ServiceOperation | undefined {
	const [date, resource, id = "", tail, ...more] = request.path.slice(1).split("/");
	const key = decodeURIComponent(id);
	if (more.length > 0) return undefined;
	switch (`${request.method} /${date}/${resource}/_${tail === undefined ? "" : `/${tail}`}`) {
		case "POST /2015-03-31/functions/_/invocations":
			return { name: "Invoke", run: () => invoke(request, key, engine) };
		case "GET /2025-12-01/functions/_/durable-executions":
			return { name: "ListDurableExecutionsByFunction", run: () => list(request, key, engine) };
		case "POST /2025-12-01/durable-executions/_/checkpoint":
			return { name: "CheckpointDurableExecution", run: () => engine.checkpoints.answer(key, "checkpoint", request) };
		case "GET /2025-12-01/durable-executions/_/state":
			return { name: "GetDurableExecutionState", run: () => engine.checkpoints.answer(key, "state", request) };
		case "GET /2025-12-01/durable-executions/_":
			return { name: "GetDurableExecution", run: () => get(request, find(engine, key)) };
		case "GET /2025-12-01/durable-executions/_/history":
			return { name: "GetDurableExecutionHistory", run: () => history(request, find(engine, key)) };
		default:
			return undefined;
	}
}

function invoke({ headers, query, body }: AwsRequest, name: string, engine: DurableEngine): AwsReply {
	const qualifier = query.get("Qualifier");
	checkFunction(name, qualifier);
	if (!isQualified(name, qualifier)) {
		throw invalid("You cannot invoke a durable function using an unqualified ARN.");
	}
	if (headers["x-amz-invocation-type"] !== "Event") {
		throw invalid("the fake service takes asynchronous invocations (Event) only");
	}
	const executionName = headers["x-amz-durable-execution-name"] ?? randomUUID();
	if (typeof executionName !== "string" || !/^[a-zA-Z0-9-_]{1,64}$/.test(executionName)) {
		throw invalid("DurableExecutionName must match [a-zA-Z0-9-_]{1,64}");
	}
	if (body.length > PAYLOAD_BYTES) {
		throw new AwsError("RequestTooLargeException", 413, "the payload must not be longer than 1 MB");
	}
	const execution = engine.start(executionName, readPayload(body));
	if (!execution) {
		const taken = "The durable execution name is in use with another payload.";
		throw new AwsError("DurableExecutionAlreadyStartedException", 409, taken);
	}
	return { status: 202, headers: { "x-amz-durable-execution-arn": execution.arn, "x-amz-executed-version": "1" } };
}

function readPayload(body: Buffer): string {
	const text = body.length === 0 ? "{}" : body.toString("utf8");
	try {
		JSON.parse(text);
		return text;
	} catch {
		throw new AwsError("InvalidRequestContentException", 400, "Could not parse request body into json.");
	}
}

function list({ query }: AwsRequest, name: string, engine: DurableEngine): AwsReply {
	checkFunction(name, query.get("Qualifier"));
	const wanted = query.get("DurableExecutionName");
	const statuses = query.getAll("Statuses");
	const found = engine.executions
		.filter((execution) => wanted === null || execution.name === wanted)
		.filter(({ status }) => statuses.length === 0 || statuses.includes(status))
		.filter(({ startedAt }) => startedAt >= timeOf(query, "StartedAfter", 0))
		.filter(({ startedAt }) => startedAt <= timeOf(query, "StartedBefore", Number.POSITIVE_INFINITY));
	const { members, next } = page(found, query);
	return { status: 200, body: { DurableExecutions: members.map(summary), NextMarker: next } };
}

/** @returns epoch milliseconds */
function timeOf(query: URLSearchParams, name: string, otherwise: number): number {
	const text = query.get(name);
	return text === null ? otherwise : Date.parse(text);
}

function get({ query }: AwsRequest, execution: Execution): AwsReply {
	const withData = query.get("IncludeExecutionData") !== "false";
	const { payload, result, error } = execution;
	const data = withData ? { InputPayload: payload, Result: result, Error: error } : {};
	return { status: 200, body: { ...summary(execution), ...data, Version: "1", ExecutionDataIncluded: withData } };
}

function history({ query }: AwsRequest, execution: Execution): AwsReply {
	const withData = query.get("IncludeExecutionData") !== "false";
	const { members, next } = page(execution.history(), query);
	return { status: 200, body: { Events: members.map((event) => toWire(event, withData)), NextMarker: next } };
}

const summary = ({ arn, name, status, startedAt, endedAt }: Execution) => ({
	DurableExecutionArn: arn,
	DurableExecutionName: name,
	FunctionArn: VERSION_ARN,
	Status: status,
	StartTimestamp: startedAt / 1000,
	EndTimestamp: endedAt === undefined ? undefined : endedAt / 1000,
});

/** A marker is the number of members on the pages before. */
function page<T>(all: readonly T[], query: URLSearchParams): { members: readonly T[]; next: string | undefined } {
	const ordered = query.get("ReverseOrder") === "true" ? all.toReversed() : all;
	const from = Number(query.get("Marker") ?? 0);
	const size = Math.min(Number(query.get("MaxItems") || LONGEST_PAGE), LONGEST_PAGE);
	if (!Number.isInteger(from) || !Number.isInteger(size) || size < 1) throw invalid("Marker or MaxItems is malformed");
	const to = from + size;
	return { members: ordered.slice(from, to), next: to < ordered.length ? String(to) : undefined };
}

function find(engine: DurableEngine, arn: string): Execution {
	const execution = engine.executions.find((candidate) => candidate.arn === arn);
	if (execution) return execution;
	throw new AwsError("ResourceNotFoundException", 404, "Durable execution not found.");
}

function checkFunction(name: string, qualifier: string | null): void {
	if (!isDurableFunction(name, qualifier)) throw new AwsError("ResourceNotFoundException", 404, "Function not found.");
}

const invalid = (message: string) => new AwsError("InvalidParameterValueException", 400, message);
