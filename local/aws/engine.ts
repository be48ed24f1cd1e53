import { randomUUID } from "node:crypto";
import type { DurableLambdaHandler } from "@aws/durable-execution-sdk-js";
import { LocalDurableTestRunner, type TestResult } from "@aws/durable-execution-sdk-js-testing";
import type { ErrorObject, Event, ExecutionStatus } from "@aws-sdk/client-lambda";
import { type Checkpoints, createCheckpoints } from "./checkpoints.ts";
import { acquireRunner, releaseRunner } from "./durable-runner.ts";
import { FUNCTION_ARN, VERSION_ARN } from "./protocol.ts";

/** A durable handler as its module exports it. Middy's types tell of the inner function, not of what Lambda calls. */
export type DurableHandler = (event: never, context: never) => unknown;

/** One durable execution, live. */
export interface Execution {
	readonly arn: string;
	readonly name: string;
	/** The payload's text, byte for byte: by it a twin is known. */
	readonly payload: string;
	/** Epoch milliseconds. */
	readonly startedAt: number;
	readonly endedAt: number | undefined;
	readonly status: ExecutionStatus;
	/** What the handler returned, as JSON. */
	readonly result: string | undefined;
	readonly error: ErrorObject | undefined;
	/** Everything that happened so far, oldest first. */
	history(): readonly Event[];
	/** Resolves when the execution has ended, however it did. */
	readonly ended: Promise<void>;
}

/** Carries out durable executions in this process. */
export interface DurableEngine {
	/** In the order of their start. */
	readonly executions: readonly Execution[];
	/**
	 * Starts an execution. A name that was used stands for its execution.
	 *
	 * @returns `undefined` where the name belongs to another payload
	 */
	start(name: string, payload: string): Execution | undefined;
	readonly checkpoints: Checkpoints;
	close(): Promise<void>;
}

/**
 * The durable engine: AWS's own local runner, one runner for each execution.
 *
 * @param overWire checkpoints are written over the wire, and an invocation that breaks off is repeated
 * @param skipTime waits take no time; the process's clock is then a fake one
 */
export async function createEngine(
	load: () => Promise<DurableHandler>,
	skipTime: boolean,
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
			const twin = executions.find((execution) => execution.name === name);
			if (twin) return twin.payload === payload ? twin : undefined;
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
		(error: unknown) => void Object.assign(state, brokenOff(error), { endedAt: Date.now() }),
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

/** The runner tells its history at the end only, but keeps it up to date: no public way leads there before. */
function historyOf(runner: LocalDurableTestRunner): readonly Event[] {
	const events: readonly Event[] = runner["operationIndex"].getHistoryEvents();
	return events.toSorted((a, b) => (a.EventId ?? 0) - (b.EventId ?? 0));
}

/** The runner's own context names a function of its own; ours has to find itself. */
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

/** Invocations of an execution at most, of those that break off one after another. */
const INVOCATIONS = 5;

/** Lambda's part of an invocation: the function has no way to the runner but the wire. */
const invokeOverWire = (load: () => Promise<DurableHandler>, checkpoints: Checkpoints) => async () => {
	const handler = (await load()) as (event: unknown, context: never) => Promise<unknown>;
	return async (invocation: Parameters<Checkpoints["open"]>[0], context: never) => {
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

/** A handler that cannot be loaded, or that threw outside the durable code. */
function brokenOff(error: unknown): { status: ExecutionStatus; error: ErrorObject } {
	const { name, message } = error instanceof Error ? error : new Error("the execution broke off");
	return { status: "FAILED", error: { ErrorType: name, ErrorMessage: message } };
}
