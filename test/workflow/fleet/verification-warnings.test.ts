import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Snapshot } from "../../../lambda/domain/snapshot.ts";
import { verificationWarnings } from "../../../lambda/domain/verification.ts";

const DAY = 86_400;
const T0 = Date.parse("2026-08-10T03:26:42Z") / 1000;
const idAt = (second: number, rest = "8faeba59d3572000") => `${second.toString(16)}${rest}`;
const iso = (second: number) => new Date(second * 1000).toISOString();

/** As recorded of an M10: cut 62 s before it was completed, kept from then on. */
const completed = (second: number, over: Partial<Snapshot> = {}): Snapshot => ({
	id: idAt(second),
	status: "completed",
	snapshotType: "onDemand",
	type: "replicaSet",
	createdAt: iso(second + 86),
	expiresAt: iso(second + 148 + 7 * DAY),
	storageSizeBytes: 1_582_854_144,
	copyRegions: [],
	...over,
});
const codes = (snapshot: Snapshot, others: readonly Snapshot[] = [], days = 7) =>
	verificationWarnings(snapshot, others, days).map(({ code }) => code);

test("a snapshot as recorded has no warning, alone or with earlier ones like it", () => {
	expect(codes(completed(T0))).toEqual([]);
	expect(codes(completed(T0), [completed(T0), completed(T0 - DAY), completed(T0 - 2 * DAY)])).toEqual([]);
});

describe("size", () => {
	const size = (bytes: unknown) => ({ storageSizeBytes: bytes });

	test("is held against the newest earlier one, not against older or later ones, nor ones that failed", () => {
		const now = completed(T0, size(100));
		const others = [
			completed(T0 - 3 * DAY, size(1000)),
			completed(T0 - DAY, size(200)),
			completed(T0 + DAY, size(1000)),
			completed(T0 - 60, { ...size(1000), status: "failed" }),
		];

		expect(codes(now, others)).toEqual([]);
		expect(codes(completed(T0, size(99)), others)).toEqual(["SIZE_HALVED"]);
	});

	test.each([0, null, undefined, "1000", Number.NaN])("%s is no size, and raises no doubt", (unmeasured) => {
		expect(codes(completed(T0, size(unmeasured)), [completed(T0 - DAY)])).toEqual([]);
		expect(codes(completed(T0), [completed(T0 - DAY, size(unmeasured))])).toEqual([]);
	});
});

describe("retention", () => {
	test("is long enough where it counts from completion, to the second", () => {
		expect(codes(completed(T0, { expiresAt: iso(T0 + 86 + 7 * DAY) }))).toEqual([]);
		expect(codes(completed(T0, { expiresAt: iso(T0 + 86 + 7 * DAY - 61) }))).toEqual(["RETENTION_SHORTER"]);
		expect(codes(completed(T0), [], 8)).toEqual(["RETENTION_SHORTER"]);
	});

	test("that Atlas does not tell raises no doubt; without createdAt it counts from the request", () => {
		expect(codes(completed(T0, { expiresAt: null }))).toEqual([]);
		expect(codes(completed(T0, { expiresAt: "soon" }))).toEqual([]);
		expect(codes(completed(T0, { createdAt: undefined, expiresAt: iso(T0 + 7 * DAY) }))).toEqual([]);
		expect(codes(completed(T0, { createdAt: undefined, expiresAt: iso(T0 + 6 * DAY) }))).toEqual(["RETENTION_SHORTER"]);
	});
});

describe("copies", () => {
	const copies = (...copyRegions: string[]) => ({ copyRegions });

	test("in every region that an earlier on-demand snapshot had are expected, whatever others had", () => {
		const earlier = [
			completed(T0 - 2 * DAY, copies("EU_WEST_1", "US_EAST_1")),
			completed(T0 - DAY, copies("EU_WEST_1")),
			completed(T0 - DAY, { ...copies("AP_SOUTH_1"), snapshotType: "scheduled", id: idAt(T0 - DAY, "0".repeat(16)) }),
		];

		expect(codes(completed(T0, copies("US_EAST_1", "EU_WEST_1", "NEW_1")), earlier)).toEqual([]);
		expect(verificationWarnings(completed(T0, copies("EU_WEST_1")), earlier, 7)).toMatchObject([
			{ code: "COPY_MISSING", message: expect.stringContaining("in US_EAST_1, where") },
		]);
	});

	test("are held against those of the backup policy where there is no other on-demand snapshot", () => {
		const scheduled = completed(T0 - DAY, { ...copies("EU_WEST_1"), snapshotType: "scheduled" });

		expect(codes(completed(T0), [scheduled])).toEqual(["COPY_MISSING"]);
	});
});

test("whatever Atlas sends, it is looked over, and no message holds what is no size, time or region", () => {
	const anything = fc.record(
		{
			snapshotType: fc.anything(),
			storageSizeBytes: fc.anything(),
			expiresAt: fc.anything(),
			createdAt: fc.anything(),
			copyRegions: fc.oneof(fc.anything(), fc.array(fc.oneof(fc.anything(), fc.constant("<secret>")))),
		},
		{ requiredKeys: [] },
	);
	fc.assert(
		fc.property(anything, fc.array(anything), (one, others) => {
			const all = others.map((other, i) => completed(T0 - i - 1, other));
			const text = JSON.stringify(verificationWarnings(completed(T0, one), all, 7));
			expect(text).not.toContain("<secret>");
		}),
	);
});
