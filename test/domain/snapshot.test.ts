import * as v from "valibot";
import { describe, expect, test } from "vitest";
import {
	ageSeconds,
	isKeptAtLeast,
	isNotScheduled,
	newestCompleted,
	newestOnDemand,
	requestTime,
	SnapshotSchema,
} from "../../lambda/domain/snapshot.ts";
import { completedSnapshot } from "../atlas/fixtures/recorded.ts";

const ID = "6a7944f22c88faeba59d3572";
const read = (fields: object) => v.parse(SnapshotSchema, { id: ID, status: "completed", ...fields });
const many = <T>(value: T, count: number) => Array.from({ length: count }, () => value);
const HREF = `https://cloud.mongodb.com/api/atlas/v2/groups/${ID}/clusters/prod-a`;
const MEMBER = { id: ID, replicaSetName: "atlas-1", cloudProvider: "AWS" };

describe("a snapshot as Atlas sends it", () => {
	test("is read whole as recorded", () => {
		const { links, ...fields } = read(completedSnapshot);
		const { links: _, ...recorded } = completedSnapshot as Record<string, unknown>;

		expect(fields).toEqual(recorded);
		expect(links).not.toEqual([]);
	});

	/** Field, values that are kept, values that are left out. */
	test.for<[string, unknown[], unknown[]]>([
		["snapshotType", ["onDemand", "scheduled", "fallback"], ["other", 1, null]],
		["frequencyType", ["ondemand", "hourly", "daily", "weekly", "monthly", "yearly"], ["once"]],
		["type", ["replicaSet", "shardedCluster"], ["standalone"]],
		["description", ["", "d".repeat(4096)], ["d".repeat(4097), 1]],
		[
			"createdAt",
			["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.123456789Z"],
			["2026-01-01", "x2026-01-01T00:00:00Z", "2026-01-01T00:00:00Zx", "2026-01-01T00:00:00.1234567890Z"],
		],
		["expiresAt", ["2026-01-01T00:00:00Z"], [1]],
		["storageSizeBytes", [0, Number.MAX_SAFE_INTEGER], [-1, 0.5, "1", 2 ** 53]],
		["mongodVersion", ["8.0.12", "1000.0.0"], ["8.0", "v8.0.1", "8.0.1-rc", "10000.0.0"]],
		[
			"masterKeyUUID",
			["0a1b2c3d-0000-1111-AAAA-ffffffffffff"],
			["0a1b2c3d", "x0a1b2c3d-0000-1111-AAAA-ffffffffffff", "0a1b2c3d-0000-1111-AAAA-ffffffffffffx"],
		],
		["cloudProvider", ["AWS", "AZURE", "GCP"], ["OVH"]],
		["replicaSetName", ["a", "atlas-1-shard-0", "A".repeat(100)], ["", "-a", "a b", "A".repeat(101)]],
		["configServerType", ["EMBEDDED", "DEDICATED"], ["OTHER"]],
		[
			"copyRegions",
			[[], ["EU_WEST_1"], ["eastus-2_a_b_c_d"], many("US_EAST_1", 200)],
			[many("US_EAST_1", 201), ["X"], ["A".repeat(17)], ["EU_WEST_1 "], [" EU"], ["EU_a_b_c_d_e_f"], "EU_WEST_1"],
		],
		["policyItems", [[ID], many(ID, 200)], [many(ID, 201), [`${ID}0`], [`x${ID}`], ["G".repeat(24)]]],
		["snapshotIds", [[ID], many(ID, 200)], [many(ID, 201), ["x"]]],
		["members", [[MEMBER], many(MEMBER, 200)], [many(MEMBER, 201), [{ ...MEMBER, id: 1 }], [{ id: ID }]]],
		[
			"links",
			[
				[{ href: HREF, rel: "self" }],
				[{ href: `${HREF}/backup/snapshots/${ID}`, rel: "https://cloud.mongodb.com/cluster" }],
				[{ href: `${HREF}/backup/snapshots/shardedCluster/${ID}`, rel: "https://mms.mongodb.com/cluster" }],
				[{ href: HREF.replace("https", "http"), rel: "self" }],
				many({ href: HREF, rel: "self" }, 200),
			],
			[
				many({ href: HREF, rel: "self" }, 201),
				[{ href: `${HREF}/x`, rel: "self" }],
				[{ href: `x${HREF}`, rel: "self" }],
				[{ href: HREF, rel: "selfish" }],
				[{ href: HREF, rel: "myself" }],
				[{ href: HREF, rel: "https://evil.test/cluster" }],
			],
		],
	])("%s is kept as documented and left out otherwise", ([field, kept, left]) => {
		for (const value of kept) expect(read({ [field]: value }), JSON.stringify(value)).toHaveProperty(field, value);
		for (const value of left) expect(read({ [field]: value })[field as "type"], JSON.stringify(value)).toBeUndefined();
	});

	test.for([
		["inProgress", "inProgress"],
		["some_new_status", "some_new_status"],
		["a".repeat(32), "a".repeat(32)],
		["a".repeat(33), "unknown"],
		["not a status", "unknown"],
		["1st", "unknown"],
		["", "unknown"],
	] as const)("its status %j is taken for %s", ([status, expected]) => {
		expect(read({ status }).status).toBe(expected);
	});

	test.for([`${ID}0`, `0${ID}`, ID.toUpperCase(), ID.slice(1), 1])("the id %s is none", (id) => {
		expect(v.is(SnapshotSchema, { id, status: "completed" })).toBe(false);
	});
});

describe("times of a snapshot", () => {
	const idAt = (seconds: number) => `${seconds.toString(16).padStart(8, "0")}${"f".repeat(16)}`;
	const at = (seconds: number, fields: object = {}) => ({
		...{ id: idAt(seconds), status: "completed", snapshotType: "onDemand" },
		...fields,
	});

	test("it was requested when its id says", () => {
		expect(requestTime({ id: ID })).toBe(0x6a7944f2 * 1000);
	});

	test.for([
		[10_499, 0],
		[9_000, 0],
		[11_500, 2],
	] as const)("at %i ms, requested at 10 s, it is %i s old", ([now, expected]) => {
		expect(ageSeconds(at(10), now)).toBe(expected);
	});

	test.for([
		[2 * 86_400 + 10 - 600, true],
		[2 * 86_400 + 10 - 601, false],
	] as const)(
		"until %i s, requested at 10 s, it is kept two days, give or take ten minutes: %s",
		([until, expected]) => {
			expect(isKeptAtLeast(at(10, { expiresAt: new Date(until * 1000).toISOString() }), 2)).toBe(expected);
		},
	);

	test("it is not known to be kept where Atlas does not say until when", () => {
		expect(isKeptAtLeast(at(10), 1)).toBe(false);
	});

	test("the newest completed one is that of the latest request, the first of several, whatever the order", () => {
		const [old, young, running, twin] = [
			at(10),
			at(20),
			at(30, { status: "inProgress" }),
			at(20, { type: "replicaSet" }),
		];

		expect(newestCompleted([old, young, running, twin])).toBe(young);
		expect(newestCompleted([young, old])).toBe(young);
		expect(newestCompleted([running])).toBeUndefined();
		expect(newestOnDemand([old, at(20, { snapshotType: "scheduled" }), at(30, { snapshotType: "fallback" })])).toBe(
			old,
		);
	});
});

test.for([
	["scheduled", false],
	["onDemand", true],
	["fallback", true],
	[undefined, true],
] as const)("a snapshot of type %s is not Atlas's own schedule's: %s", ([snapshotType, expected]) => {
	expect(isNotScheduled({ id: ID, status: "completed", snapshotType })).toBe(expected);
});
