import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createEventPublisher } from "../../lambda/aws/event-bridge.ts";
import type { SnapshotStateChange } from "../../lambda/domain/outcome.ts";
import { type FakeAws, startFakeAws } from "../../local/aws/index.ts";
import type { AwsFaults } from "../../local/aws/server.ts";

const completed: SnapshotStateChange = {
	version: "1",
	state: "COMPLETED",
	provenance: "created",
	run: "schedule-1",
	trigger: "schedule",
	requestedBy: "schedule:nightly",
	slot: "2026-10-24T02:00:00Z",
	projectId: "32b6e34b3d91647abb20e7b8",
	clusterName: "prod-a",
	snapshotId: "6a7944f22c88faeba59d3572",
	snapshot: { id: "6a7944f22c88faeba59d3572", status: "completed", storageSizeBytes: 1582854144 },
	requestedAt: "2026-10-24T02:00:01.000Z",
	expectedEndAt: "2026-10-24T02:02:40.000Z",
	endedAt: "2026-10-24T02:02:43.000Z",
	durationSeconds: 162,
	reason: null,
};

let aws: FakeAws;
let faults: AwsFaults;
let publish: (event: SnapshotStateChange) => Promise<void>;
beforeEach(async () => {
	faults = () => undefined;
	aws = await startFakeAws({
		secrets: {},
		snapshotHandler: () => Promise.reject(new Error("no run is started here")),
		faults: (call) => faults(call),
	});
	const { url: endpoint, credentials } = aws;
	const client = new EventBridgeClient({ endpoint, region: "us-east-1", credentials, maxAttempts: 1 });
	publish = createEventPublisher(client, "default");
});
afterEach(() => aws.close());

describe("a state change is published", () => {
	test("unchanged, with the fixed source and type", async () => {
		await publish(completed);

		expect(aws.events).toMatchObject([
			{ source: "atlas.snapshots", "detail-type": "Atlas Snapshot State Change", detail: completed },
		]);
	});

	test("without the parts of a snapshot that would make it too large to be accepted", async () => {
		const members = Array.from({ length: 4000 }, (_, i) => ({
			id: String(i).padStart(24, "0"),
			replicaSetName: "é".repeat(30),
		}));

		await publish({ ...completed, snapshot: { id: completed.snapshotId ?? "", status: "completed", members } });

		expect(aws.events).toHaveLength(1);
		expect(aws.events[0]?.detail).toEqual({
			...completed,
			snapshot: { id: "6a7944f22c88faeba59d3572", status: "completed" },
		});
	});
});

describe("an event that was not accepted is a failure", () => {
	test.each([
		["the whole call fails", { do: "fail", status: 400, code: "AccessDeniedException" }],
		["an entry is refused though the call succeeds", { do: "refuse-entries", count: 1, code: "InternalFailure" }],
		["the connection breaks", { do: "drop", when: "before" }],
	] as const)("when %s", async (_what, fault) => {
		faults = () => fault;

		await expect(publish(completed)).rejects.toMatchObject({
			name: "PUBLISH_FAILED",
			transient: true,
			message: expect.stringMatching(/^event bus: the event was not accepted \(\w/),
		});
		expect(aws.events).toEqual([]);
	});
});
