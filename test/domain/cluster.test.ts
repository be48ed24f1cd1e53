import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { ClusterSchema, ineligibleReason } from "../../lambda/domain/cluster.ts";

const region = (providerName: string) => [{ regionConfigs: [{ providerName }] }];
const dedicated = {
	name: "prod-a",
	stateName: "IDLE",
	paused: false,
	backupEnabled: true,
	replicationSpecs: region("AWS"),
};
const judge = (cluster: object) => ineligibleReason(v.parse(ClusterSchema, cluster));

describe("a cluster can have an on-demand snapshot", () => {
	test.each([
		["while it is idle", {}],
		["while it is updated", { stateName: "UPDATING" }],
		["while it is repaired", { stateName: "REPAIRING" }],
		["with several shards in several clouds", { replicationSpecs: [...region("AWS"), ...region("AZURE")] }],
		["in a state that is new to us", { stateName: "DREAMING" }],
		["as far as is known, when Atlas tells nothing but its name", { ...nothing() }],
	])("%s", (_when, change) => {
		expect(judge({ ...dedicated, ...change })).toBeUndefined();
	});
});

describe("a cluster can't have one", () => {
	test.each([
		["paused", { paused: true }, "ATLAS_CLUSTER_PAUSED"],
		["without backup", { backupEnabled: false }, "ATLAS_BACKUP_OFF"],
		[
			"on a shared tier, even where backupEnabled says true",
			{ replicationSpecs: region("TENANT") },
			"ATLAS_NOT_DEDICATED",
		],
		["a Flex cluster", { ...nothing(), providerSettings: { providerName: "FLEX" } }, "ATLAS_NOT_DEDICATED"],
		["being created", { stateName: "CREATING" }, "ATLAS_CLUSTER_CREATING"],
		["being deleted", { stateName: "DELETING" }, "ATLAS_CLUSTER_DELETING"],
		[
			"a paused M0: the tier comes first, since resuming would not help",
			{ paused: true, replicationSpecs: region("TENANT") },
			"ATLAS_NOT_DEDICATED",
		],
	])("%s", (_why, change, code) => {
		const reason = judge({ ...dedicated, ...change });

		expect(reason?.code).toBe(code);
		expect(reason?.message).toMatch(/^cluster prod-a: .{20}/);
	});
});

test("a field of another type than documented counts as unknown, and unknown fields are left out", () => {
	const odd = { name: "a", paused: "yes", tags: [{ key: 1 }], replicationSpecs: [null], adaptiveCapacity: null };

	expect(v.parse(ClusterSchema, odd)).toEqual({ name: "a" });
	expect(judge(odd)).toBeUndefined();
});

function nothing() {
	return { stateName: undefined, paused: undefined, backupEnabled: undefined, replicationSpecs: undefined };
}
