import { randomUUID } from "node:crypto";
import type { DurableLambdaHandler } from "@aws/durable-execution-sdk-js";
import { LocalDurableTestRunner, type TestResult } from "@aws/durable-execution-sdk-js-testing";
import type { ErrorObject, Event, ExecutionStatus } from "@aws-sdk/client-lambda";
import { type CheckpointService, createCheckpoints } from "./checkpoints.ts";
import { acquireRunner, historyOf, releaseRunner } from "./durable-runner.ts";
import { FUNCTION_ARN, VERSION_ARN } from "./protocol.ts";

/** A durable handler as its module exports it. Middy's types are those of the inner function, not of what Lambda calls. */
export type DurableHandler = (event: never, context: never) => unknown;

/** One durable execution. */
export interface Execution {
	readonly arn: string;
	readonly name: string;
	/** The payload's text, byte for byte: the same name with another payload is refused. */
	readonly payload: string;
	/** Epoch milliseconds. */
	readonly startedAt: number;
	readonly endedAt: number | undefined;
	readonly status: ExecutionStatus;
	/** What the handler returned, as JSON. */
	readonly result: string | undefined;
	readonly error: ErrorObject | undefined;
	/** The events so far, oldest first. */
	history(): readonly Event[];
	/** Resolves at the execution's end, whatever its status. */
	readonly ended: Promise<void>;
}

/** Runs durable executions in this process. */
export interface DurableEngine {
	/** In the order of their start. */
	readonly executions: readonly Execution[];
	/**
	 * Starts an execution, or returns the one that has this name and payload.
	 *
	 * @returns `undefined` where the name is in use with another payload
	 */
	start(name: string, payload: string): Execution | undefined;
	readonly checkpoints: CheckpointService;
	close(): Promise<void>;
}

/**
 * AWS's local runner, one for each execution.
 *
 * @param overWire checkpoints are written over the wire, and an invocation that throws is repeated
 * @param skipTime waits take no time; the process then has a fake clock
 */
export async function createEngine(
	load: () => Promise<DurableHandler>,
	skipTime = false,
	overWire = false,
): Promise<DurableEngine> {
	await acquireRunner(skipTime);
	const executions: Execution[] = [];
	const checkpoints = createCheckpoints();
	const handler = atOurArn(overWire ? invokeOverWire(load, checkpoints) : load);
	return {
		executions,
		checkpoints,
		start(name, payload) {
			const known = executions.find((execution) => execution.name === name);
			if (known) return known.payload === payload ? known : undefined;
			const execution = run(name, payload, handler);
			executions.push(execution);
			return execution;
		},
		close: releaseRunner,
	};
}

function run(name: string, payload: string, handler: DurableLambdaHandler): Execution {
	const runner = new LocalDurableTestRunner({ handlerFunction: handler });
	// Parts of a large run are invoked by the ARN that the function finds in its context.
	runner.registerDurableFunction(FUNCTION_ARN, handler);
	const state: { status: ExecutionStatus; endedAt?: number; result?: string; error?: ErrorObject } = {
		status: "RUNNING",
	};
	const ended = runner.run({ payload: JSON.parse(payload) }).then(
		(result) => void Object.assign(state, endOf(result), { endedAt: Date.now() }),
		(error: unknown) => void Object.assign(state, failureOf(error), { endedAt: Date.now() }),
	);
	return {
		arn: `${VERSION_ARN}/durable-execution/${name}/${randomUUID()}`,
		name,
		payload,
		startedAt: Date.now(),
		get endedAt() {
			return state.endedAt;
		},
		get status() {
			return state.status;
		},
		get result() {
			return state.result;
		},
		get error() {
			return state.error;
		},
		history: () => historyOf(runner),
		ended,
	};
}

/** Replaces the function that the runner's context names: the function invokes itself by its ARN. */
function atOurArn(load: () => Promise<DurableHandler>): DurableLambdaHandler {
	return async (event, context) => {
		const handler = (await load()) as DurableLambdaHandler;
		return handler(event, {
			...context,
			functionName: "snapshot",
			functionVersion: "1",
			invokedFunctionArn: FUNCTION_ARN,
		});
	};
}

/** Invocations of an execution that may throw, one after another. */
const INVOCATIONS = 5;

/** An invocation whose checkpoints go over the wire. */
const invokeOverWire = (load: () => Promise<DurableHandler>, checkpoints: CheckpointService) => async () => {
	const handler = (await load()) as (event: unknown, context: never) => Promise<unknown>;
	return async (invocation: Parameters<CheckpointService["open"]>[0], context: never) => {
		let event = checkpoints.open(invocation);
		for (let nth = 1; ; nth++) {
			try {
				return await handler(event, context);
			} catch (error) {
				if (nth === INVOCATIONS) throw error;
				event = await checkpoints.reopen(invocation);
			}
		}
	};
};

function endOf(result: TestResult): { status: ExecutionStatus; result?: string; error?: ErrorObject } {
	const status = result.getStatus() ?? "FAILED";
	if (status === "SUCCEEDED") return { status, result: JSON.stringify(result.getResult() ?? null) };
	const { errorType, errorMessage, errorData, stackTrace } = result.getError();
	return {
		status,
		error: { ErrorType: errorType, ErrorMessage: errorMessage, ErrorData: errorData, StackTrace: stackTrace },
	};
}

/** A handler that cannot be loaded, or that threw outside of the durable code. */
function failureOf(error: unknown): { status: ExecutionStatus; error: ErrorObject } {
	const { name, message } = error instanceof Error ? error : new Error("the execution failed");
	return { status: "FAILED", error: { ErrorType: name, ErrorMessage: message } };
}
