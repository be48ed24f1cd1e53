import { expect, test } from "vitest";
import type { SnapshotStateChange } from "../../lambda/domain/outcome.ts";
import { faultsOfEvent } from "./events-schema.ts";

const reason = { code: "SNAPSHOT_FAILED", message: "Atlas reports that the snapshot failed" };

const completed: Required<SnapshotStateChange> = {
	version: "1",
	state: "COMPLETED",
	provenance: "created",
	run: "schedule-0123456789abcdef0123456789abcdef",
	trigger: "schedule",
	requestedBy: "schedule:nightly",
	slot: "2026-10-24T02:00:00Z",
	projectId: "32b6e34b3d91647abb20e7b8",
	clusterName: "prod-a",
	snapshotId: "650a1b2c3d4e5f6071829304",
	snapshot: { id: "650a1b2c3d4e5f6071829304", status: "completed", storageSizeBytes: 1, links: [] },
	requestedAt: "2026-10-24T02:00:03.120Z",
	expectedEndAt: "2026-10-24T02:02:40.000Z",
	endedAt: "2026-10-24T02:02:45.000Z",
	durationSeconds: 162,
	reason: null,
	warnings: [reason],
};

const { warnings: _, ...plain } = completed;
const open = { endedAt: null, durationSeconds: null } as const;
const none = { expectedEndAt: null, provenance: null, snapshotId: null, snapshot: null, slot: null } as const;

const events: readonly SnapshotStateChange[] = [
	completed,
	plain,
	{ ...plain, ...open, state: "STARTED", provenance: "adopted" },
	{ ...plain, ...open, state: "LATE", reason },
	{ ...plain, ...open, ...none, state: "LATE", reason },
	{ ...plain, state: "FAILED", provenance: "recovered", reason },
	{ ...plain, ...none, state: "SKIPPED", trigger: "http", reason, durationSeconds: 0 },
	{ ...plain, ...none, state: "REFUSED", trigger: "event", reason },
	{ ...plain, ...none, state: "REFUSED", projectId: "*", clusterName: "*", reason },
	{ ...plain, state: "LOST", reason },
];

test.each(events.map((event, index) => [index, event.state, event] as const))(
	"event %i, %s, is as the published schema says",
	(_index, _state, event) => {
		expect(faultsOfEvent(event)).toEqual([]);
	},
);

test.each(Object.keys(plain))("an event without %s is not", (field) => {
	const { [field as keyof typeof plain]: _left, ...rest } = plain;

	expect(faultsOfEvent(rest)).not.toEqual([]);
});

test.each([
	["a field that the type does not know", { ...plain, status: "completed" }],
	["another version", { ...plain, version: "2" }],
	["a state of Atlas", { ...plain, state: "completed" }],
	["a final state without an end", { ...plain, ...open }],
	["a start with an end", { ...plain, state: "STARTED" }],
	["success without a snapshot", { ...plain, ...none }],
	["a refusal without a reason", { ...plain, ...none, state: "REFUSED" }],
	["no warnings where none are due", { ...plain, warnings: [] }],
])("%s is not as the schema says", (_name, event) => {
	expect(faultsOfEvent(event)).not.toEqual([]);
});
