import { expect, test } from "vitest";
import type { Snapshot } from "../../lambda/domain/snapshot.ts";
import { notVerifiedWarning, verificationWarnings } from "../../lambda/domain/verification.ts";

const AT = 1_760_000_000;
const idAt = (seconds: number) => `${seconds.toString(16)}${"0".repeat(16)}`;
const iso = (seconds: number) => new Date(seconds * 1000).toISOString();
/** Requested at AT, its data cut a minute later, kept for seven days from then on. */
const GOOD: Snapshot = {
	id: idAt(AT),
	status: "completed",
	snapshotType: "onDemand",
	createdAt: iso(AT + 60),
	expiresAt: iso(AT + 60 + 7 * 86_400),
	storageSizeBytes: 1000,
	copyRegions: ["EU_WEST_1"],
};
const earlier = (fields: object, before = 1000): Snapshot => ({ ...GOOD, id: idAt(AT - before), ...fields });
const codes = (snapshot: object, others: readonly Snapshot[] = [], days = 7) =>
	verificationWarnings({ ...GOOD, ...snapshot }, others, days).map(({ code }) => code);

test("a snapshot like the ones before it gives no warning", () => {
	expect(codes({}, [GOOD, earlier({})])).toEqual([]);
});

test.for([
	["half the size", {}, [earlier({ storageSizeBytes: 2000 })], []],
	["less than half the size", {}, [earlier({ storageSizeBytes: 2001 })], ["SIZE_HALVED"]],
	[
		"less than half the size of one requested in the same second",
		{},
		[{ ...earlier({ storageSizeBytes: 2001 }, 0), id: GOOD.id.replace(/0$/, "1") }],
		["SIZE_HALVED"],
	],
	["less than half the size of a later one", {}, [earlier({ storageSizeBytes: 9000 }, -1)], []],
	["less than half the size of one that failed", {}, [earlier({ storageSizeBytes: 9000, status: "failed" })], []],
	["less than half the size of one before the last", {}, [earlier({ storageSizeBytes: 9000 }, 2000), earlier({})], []],
	[
		"less than half the size of the last one that was measured",
		{},
		[earlier({ storageSizeBytes: 9000 }, 2000), earlier({ storageSizeBytes: 0 })],
		["SIZE_HALVED"],
	],
	["no size", { storageSizeBytes: undefined }, [earlier({})], []],
	["a size of 0", { storageSizeBytes: 0 }, [earlier({})], []],
	["a size that is a text", { storageSizeBytes: "1" }, [earlier({})], []],
	["one beside nothing", {}, [], []],
	["a fallback", { snapshotType: "fallback" }, [], ["FALLBACK_SNAPSHOT"]],
	[
		"a copy missing that an earlier one has",
		{},
		[earlier({ copyRegions: ["US_EAST_1", "EU_WEST_1"] })],
		["COPY_MISSING"],
	],
	[
		"a copy missing that only scheduled ones have",
		{},
		[earlier({ copyRegions: ["US_EAST_1"], snapshotType: "scheduled" }), earlier({})],
		[],
	],
	[
		"a copy missing that scheduled ones have, with none on demand",
		{},
		[earlier({ copyRegions: ["US_EAST_1"], snapshotType: "scheduled" })],
		["COPY_MISSING"],
	],
	[
		"no copies, and earlier ones had none that can be read",
		{ copyRegions: undefined },
		[earlier({ copyRegions: [1, "a b", "", "x".repeat(65)] })],
		[],
	],
	["no copies, and the earlier list is none", { copyRegions: undefined }, [earlier({ copyRegions: "US_EAST_1" })], []],
	["a copy missing of the longest name", {}, [earlier({ copyRegions: ["x".repeat(64)] })], ["COPY_MISSING"]],
] as const)("%s: %o", ([, snapshot, others, expected]) => {
	expect(codes(snapshot, others)).toEqual(expected);
});

test.for([
	["to the minute, rounded", iso(AT + 60 + 7 * 86_400 - 60), []],
	["a minute and a second too short", iso(AT + 60 + 7 * 86_400 - 61), ["RETENTION_SHORTER"]],
	["for an unknown time", undefined, []],
	["until no time at all", "soon", []],
	["until a number", 5, []],
] as const)("kept %s", ([, expiresAt, expected]) => {
	expect(codes({ expiresAt })).toEqual(expected);
});

test("retention counts from the request where Atlas does not say when the data was cut", () => {
	const kept = (seconds: number) => codes({ createdAt: undefined, expiresAt: iso(AT + seconds) });

	expect([kept(7 * 86_400 - 60), kept(7 * 86_400 - 61)]).toEqual([[], ["RETENTION_SHORTER"]]);
});

test("each warning says what is wrong and what to look at", () => {
	const others = [earlier({ storageSizeBytes: 5000, copyRegions: ["US_EAST_1", "AP_SOUTH_1"] })];
	const snapshot = { ...GOOD, snapshotType: "fallback", expiresAt: "2025-10-10T00:00:00Z" };

	expect(verificationWarnings(snapshot, others, 7).map(({ message }) => message)).toEqual([
		"Atlas took a fallback snapshot, since the usual way failed; see the project's activity feed",
		"the snapshot holds 1000 bytes, under half of the 5000 of the last one; was data dropped?",
		"the snapshot is kept until 2025-10-10T00:00:00.000Z, shorter than the 7 days asked for",
		"the snapshot has no copy, or none yet, in AP_SOUTH_1, US_EAST_1, where earlier ones have; see the backup policy",
	]);
	expect(notVerifiedWarning({ code: "X", message: "why" })).toEqual({
		code: "NOT_PROVEN",
		message: "the snapshot is completed, but its size, retention and copies could not be verified: why",
	});
});
