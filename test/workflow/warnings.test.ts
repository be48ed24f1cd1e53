import { withDurableExecution } from "@aws/durable-execution-sdk-js";
import { LocalDurableTestRunner } from "@aws/durable-execution-sdk-js-testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AtlasError } from "../../lambda/domain/errors.ts";
import { readSnapshotRequest } from "../../lambda/domain/request.ts";
import type { Snapshot } from "../../lambda/domain/snapshot.ts";
import type { RunInput } from "../../lambda/workflow/parts.ts";
import type { Ports } from "../../lambda/workflow/ports.ts";
import { runRequest } from "../../lambda/workflow/run.ts";
import { acquireRunner, releaseRunner } from "../../local/aws/durable-runner.ts";
import { DEFAULT_PORTS } from "../harness/ports.ts";

beforeAll(() => acquireRunner(true));
afterAll(() => releaseRunner());

test("promise 11: a warning about a target is written once, and not again at each replay", async () => {
	const warnings: unknown[] = [];
	const none = () => {};
	const logger = { warn: (message: unknown) => void warnings.push(message), info: none, error: none, debug: none };
	const never = () => Promise.reject(new Error("not asked for here"));
	let description = "";
	let polls = 0;
	const snapshot = (status: string): Snapshot => ({
		id: `${Math.floor(Date.now() / 1000).toString(16)}${"0".repeat(16)}`,
		status,
		snapshotType: "onDemand",
		description,
	});
	let taken: Snapshot | undefined;
	const ports: Ports = {
		...DEFAULT_PORTS,
		now: () => Date.now(),
		async takeSnapshot(_target, request) {
			({ description } = request);
			taken = snapshot("inProgress");
			throw new AtlasError({ code: "ATLAS_NO_REPLY", blame: "transient", executed: "unknown" }, "no reply");
		},
		readSnapshot: async () => ({ ...(taken ?? snapshot("queued")), status: ++polls < 4 ? "inProgress" : "completed" }),
		listSnapshots: async () => (taken ? [taken] : []),
		readCluster: never,
		listClusters: never,
		listProjects: never,
		publish: async () => {},
	};
	const request = readSnapshotRequest({ projectId: "32b6e34b3d91647abb20e7b8", clusters: ["a", "b"] });
	const handler = withDurableExecution<RunInput, unknown>((input, durable) => {
		durable.configureLogger({ customLogger: logger });
		return runRequest(ports, 60)(input, durable);
	});
	const runner = new LocalDurableTestRunner({ handlerFunction: handler });

	const run = await runner.run({ payload: { run: "http-1", trigger: "http", requestedBy: "local", request } });

	expect(run.getStatus()).toBe("SUCCEEDED");
	expect(run.getInvocations().length).toBeGreaterThan(3);
	expect(warnings).toHaveLength(2);
});
