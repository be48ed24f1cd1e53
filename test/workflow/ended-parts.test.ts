import { type DurableExecutionInvocationOutput, withDurableExecution } from "@aws/durable-execution-sdk-js";
import { LocalDurableTestRunner } from "@aws/durable-execution-sdk-js-testing";
import type { Event, EventType } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isFinal, type SnapshotStateChange } from "../../lambda/domain/outcome.ts";
import { readSnapshotRequest } from "../../lambda/domain/request.ts";
import type { Snapshot } from "../../lambda/domain/snapshot.ts";
import { readEndedParts } from "../../lambda/executions/status.ts";
import type { RunInput } from "../../lambda/workflow/parts.ts";
import type { Ports } from "../../lambda/workflow/ports.ts";
import { runRequest } from "../../lambda/workflow/run.ts";
import { acquireRunner, releaseRunner } from "../../local/aws/durable-runner.ts";
import { DEFAULT_PORTS } from "../harness/ports.ts";

beforeAll(() => acquireRunner(true));
afterAll(() => releaseRunner());

/** As the local runner names functions that nobody named. */
const SELF = "arn:aws:lambda:us-east-1:123456789012:function:snapshot:1";
const never = () => Promise.reject(new Error("not asked for here"));
const numberOf = (clusterName: string) => Number(clusterName.slice(1));
const idOf = (clusterName: string, at: number) =>
	`${Math.floor(at / 1000).toString(16)}${numberOf(clusterName).toString(16).padStart(16, "0")}`;

/** Of the first part, every second snapshot ends at once; the others run on. Those of other parts end at once. */
function atlas(): Pick<Ports, "takeSnapshot" | "readSnapshot" | "listSnapshots"> {
	const snapshot = (id: string): Snapshot => {
		const nth = Number.parseInt(id.slice(8), 16);
		if (nth < 25 && nth % 2 === 1) return { id, status: "inProgress" };
		return { id, status: nth % 4 === 0 ? "failed" : "completed" };
	};
	return {
		takeSnapshot: async ({ clusterName }) => snapshot(idOf(clusterName, Date.now())),
		readSnapshot: async (_target, id) => snapshot(id),
		listSnapshots: async () => [],
	};
}

/** A run of 30 clusters in two parts; AWS ends the first while the bus takes this final event of it. */
async function endPartAtFinal(nth: number, how: EventType, unreadable: number) {
	const events: SnapshotStateChange[] = [];
	const parts: LocalDurableTestRunner[] = [];
	let reads = 0;
	let endPart = (_output: DurableExecutionInvocationOutput): void => {};
	let hasEnded = false;
	const partEnded = new Promise<DurableExecutionInvocationOutput>((resolve) => {
		endPart = resolve;
	});
	const history = async (arn: string): Promise<readonly Event[]> => {
		const part = parts[Number(arn)];
		if (part) return part["operationIndex"].getHistoryEvents();
		return [
			{ Id: "p", EventType: "ChainedInvokeStarted", ChainedInvokeStartedDetails: { DurableExecutionArn: "0" } },
			{ Id: "p", EventType: how },
		] as Event[];
	};
	const ports: Ports = {
		...DEFAULT_PORTS,
		...atlas(),
		now: () => Date.now(),
		readCluster: never,
		listClusters: never,
		listProjects: never,
		publish: async (event) => void events.push(event),
		async readEndedParts(arn) {
			reads += 1;
			if (reads <= unreadable) throw new Error("throttled");
			return readEndedParts({ history }, arn);
		},
	};
	const frozen = () => new Promise<never>(() => {});
	/** Of the first part: its process stands still from the moment at which AWS ends it. */
	const portsOfPart: Ports = {
		...ports,
		takeSnapshot: (...input) => (hasEnded ? frozen() : ports.takeSnapshot(...input)),
		readSnapshot: (...input) => (hasEnded ? frozen() : ports.readSnapshot(...input)),
		async publish(event) {
			if (hasEnded) return frozen();
			await ports.publish(event);
			if (events.filter(({ clusterName, state }) => isFinal(state) && numberOf(clusterName) < 25).length < nth) return;
			hasEnded = true;
			endPart({ Status: "FAILED", Error: { ErrorType: "Ended", ErrorMessage: "by AWS" } } as never);
			await frozen();
		},
	};
	const whole = withDurableExecution(runRequest(ports, 60));
	const first = withDurableExecution(runRequest(portsOfPart, 60));
	type Handler = typeof whole;
	const handler: Handler = (event, context) => {
		const self = Object.assign(context, { invokedFunctionArn: SELF });
		const text = event.InitialExecutionState.Operations?.[0]?.ExecutionDetails?.InputPayload ?? "{}";
		const { part }: RunInput = JSON.parse(text);
		if (part?.targets[0]?.clusterName !== "c0") return whole(event, self);
		return Promise.race([partEnded, first(event, self)]);
	};
	const runner = new LocalDurableTestRunner({ handlerFunction: handler });
	runner.registerDurableFunction(SELF, handler);
	const factory = runner["functionStorage"]["runnerFactory"];
	const create = factory.createRunner.bind(factory);
	factory.createRunner = (parameters: Parameters<typeof create>[0]) => {
		const part = create(parameters);
		parts.push(part as LocalDurableTestRunner);
		return part;
	};
	const clusters = Array.from({ length: 30 }, (_, i) => `c${i}`);
	const request = readSnapshotRequest({ projectId: "32b6e34b3d91647abb20e7b8", clusters });

	const execution = await runner.run({ payload: { run: "http-1", trigger: "http", requestedBy: "local", request } });

	const finals = events.filter(({ state }) => isFinal(state));
	const statesOf = (name: string) => [
		...new Set(finals.filter(({ clusterName }) => clusterName === name).map(({ state }) => state)),
	];
	const result = JSON.parse(execution.getError().errorData ?? "{}");
	return { status: execution.getStatus(), result, finals, states: clusters.map(statesOf) };
}

test.each([
	[1, "ChainedInvokeFailed", 0],
	[6, "ChainedInvokeTimedOut", 0],
	[13, "ChainedInvokeStopped", 3],
] as const)(
	"2.5, promise 2: a part that AWS ends at its final event %i (%s): each target ends in one state, and none in two",
	async (nth, how, unreadable) => {
		const { status, result, finals, states } = await endPartAtFinal(nth, how, unreadable);

		expect(status).toBe("FAILED");
		expect(states.map((each) => each.length)).toEqual(states.map(() => 1));
		expect(states[1]).toEqual(["LOST"]);
		expect(states.slice(25).flat().sort()).toEqual(["COMPLETED", "COMPLETED", "COMPLETED", "COMPLETED", "FAILED"]);
		const published = finals.map(({ clusterName, state }) => `${clusterName} ${state}`);
		// The event that the bus took while AWS ended the part comes again, and at most the others under way beside it.
		expect(new Set(published).size).toBe(30);
		const statuses: { clusterName: string; state: string }[] = result.targets;
		expect(statuses.map(({ clusterName, state }) => `${clusterName} ${state}`).sort()).toEqual(
			[...new Set(published)].sort(),
		);
	},
);

test("2.5: where its history cannot be read for a day, nothing is published that could contradict it, and the run fails", async () => {
	const { status, states } = await endPartAtFinal(6, "ChainedInvokeFailed", Number.POSITIVE_INFINITY);

	expect(status).toBe("FAILED");
	expect(states.flat()).not.toContain("LOST");
});
