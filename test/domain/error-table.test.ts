import { describe, expect, test } from "vitest";
import { CHECK_NAMES, errorInfo, TARGET_ERRORS } from "../../lambda/domain/error-table.ts";
import * as metrics from "../../lambda/domain/metrics.ts";
import { EVENT_DETAIL_TYPE, EVENT_SOURCE, NO_NAME, PUBLISH_STEPS } from "../../lambda/domain/outcome.ts";

const table = Object.entries(TARGET_ERRORS);

describe("the table of error codes", () => {
	test.for(table)("%s says in words what to do, and names a check of the doctor or none", ([, info]) => {
		expect(info.message).toMatch(/^[A-Za-z].{14,}[^.]$/);
		expect([null, ...CHECK_NAMES]).toContain(info.check);
	});

	/** Who must act, by code; what a run whose targets were all refused answers over HTTP; the doctor's check. */
	test.for([
		["ATLAS_UNREACHABLE", "transient", 502, "atlas"],
		["ATLAS_NO_REPLY", "transient", 502, "atlas"],
		["ATLAS_UNREADABLE", "transient", 502, "atlas"],
		["ATLAS_FAULT", "transient", 502, "atlas"],
		["ATLAS_RATE_LIMITED", "transient", 503, "budget"],
		["ATLAS_UPGRADING", "transient", 503, "atlas"],
		["ATLAS_KEY_REFUSED", "user", 502, "key"],
		["ATLAS_ROLE_MISSING", "user", 502, "role"],
		["ATLAS_PROJECT_FOREIGN", "user", 502, "project"],
		["ATLAS_ADDRESS_REFUSED", "user", 502, "address"],
		["ATLAS_FORBIDDEN", "user", 502, "role"],
		["ATLAS_UNSUPPORTED", "user", 422, "role"],
		["ATLAS_PROJECT_NOT_FOUND", "user", 404, "project"],
		["ATLAS_CLUSTER_NOT_FOUND", "user", 404, "cluster"],
		["ATLAS_SNAPSHOT_NOT_FOUND", "user", 422, null],
		["ATLAS_NOT_FOUND", "user", 404, null],
		["ATLAS_BACKUP_OFF", "user", 422, "backup"],
		["ATLAS_CLUSTER_PAUSED", "user", 409, "paused"],
		["ATLAS_NOT_DEDICATED", "user", 422, "tier"],
		["ATLAS_CLUSTER_CREATING", "user", 422, "state"],
		["ATLAS_CLUSTER_DELETING", "user", 422, "state"],
		["ATLAS_SNAPSHOT_RUNNING", "transient", 409, "running"],
		["ATLAS_CONFLICT", "transient", 409, null],
		["ATLAS_BILLING", "user", 402, null],
		["ATLAS_RETENTION_REFUSED", "user", 422, "retention"],
		["ATLAS_VERSION_GONE", "ours", 502, "atlas"],
		["ATLAS_BAD_REQUEST", "user", 422, null],
		["SECRET_UNREADABLE", "user", 502, "secret"],
		["SECRET_INVALID", "user", 502, "secret"],
		["INTERRUPTED", "transient", 502, null],
		["UNEXPECTED", "ours", 502, null],
	] as const)("%s is for %s, %i over HTTP, and fails the check %s", ([code, blame, httpStatus, check]) => {
		expect(errorInfo(code)).toMatchObject({ blame, httpStatus, check });
	});

	test("every code is in the table above, and an unknown one has no entry", () => {
		expect(table).toHaveLength(31);
		expect([errorInfo("toString"), errorInfo("")]).toEqual([undefined, undefined]);
	});

	const having = (trait: "metric" | "ineligible" | "unrelatedToCluster", value: unknown) =>
		table.filter(([, info]) => info[trait] === value).map(([code]) => code);

	test("what can't be cured by another cluster state, what makes a cluster ineligible, and what is counted", () => {
		const credentials = ["ATLAS_KEY_REFUSED", "ATLAS_ROLE_MISSING", "ATLAS_PROJECT_FOREIGN", "ATLAS_ADDRESS_REFUSED"];
		const secrets = ["SECRET_UNREADABLE", "SECRET_INVALID"];

		expect(having("metric", "AtlasThrottled")).toEqual(["ATLAS_RATE_LIMITED"]);
		expect(having("metric", "AtlasCredentialsRefused")).toEqual([...credentials, ...secrets]);
		expect(having("ineligible", true)).toEqual([
			...["ATLAS_BACKUP_OFF", "ATLAS_CLUSTER_PAUSED", "ATLAS_NOT_DEDICATED"],
			...["ATLAS_CLUSTER_CREATING", "ATLAS_CLUSTER_DELETING"],
		]);
		expect(having("unrelatedToCluster", true)).toEqual([
			...credentials,
			...["ATLAS_PROJECT_NOT_FOUND", "ATLAS_CLUSTER_NOT_FOUND", "ATLAS_VERSION_GONE"],
			...secrets,
		]);
	});
});

test("names that others read keep their spelling: metrics, events, steps in recorded histories", () => {
	expect({ ...metrics }).toEqual({
		METRICS_NAMESPACE: "AtlasSnapshots",
		STACK_DIMENSION: "stack",
		CLUSTER_DIMENSIONS: { project: "project", cluster: "cluster" },
		STATE_METRIC: {
			STARTED: "SnapshotsStarted",
			LATE: "SnapshotsLate",
			COMPLETED: "SnapshotsCompleted",
			FAILED: "SnapshotsFailed",
			SKIPPED: "SnapshotsSkipped",
			REFUSED: "SnapshotsRefused",
			LOST: "SnapshotsLost",
		},
		DURATION_METRIC: "SnapshotDuration",
		SIZE_METRIC: "SnapshotSize",
		AGE_METRIC: "SnapshotAge",
		NOT_FRESH_METRIC: "ClustersNotFresh",
		PUBLISH_FAILED_METRIC: "PublishFailed",
		LATE_METRIC: "TargetsLate",
		THROTTLED_METRIC: "AtlasThrottled",
		CREDENTIALS_REFUSED_METRIC: "AtlasCredentialsRefused",
		RATE_LEFT_METRIC: "AtlasRateLimitRemaining",
	});
	expect([EVENT_SOURCE, EVENT_DETAIL_TYPE, NO_NAME]).toEqual(["atlas.snapshots", "Atlas Snapshot State Change", "*"]);
	expect(PUBLISH_STEPS).toEqual([
		...["publish-started", "publish-late", "publish-end", "publish-broken-off", "publish-lost"],
	]);
});
