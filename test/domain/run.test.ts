import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readRun } from "../../lambda/domain/read-run.ts";
import { readSnapshotRequest } from "../../lambda/domain/request.ts";
import { describe as describeSnapshot, marker, nameRun } from "../../lambda/domain/run.ts";
import { requestTime } from "../../lambda/domain/snapshot.ts";

const request = readSnapshotRequest({ projectId: "32b6e34b3d91647abb20e7b8", clusters: ["a"] });

describe("a run's name", () => {
	test("is the same for a second delivery of the same trigger, and another for another", () => {
		const slot = (time: string) => nameRun("schedule", "arn:aws:scheduler:eu-west-1:1:schedule/g/nightly", time);

		expect(slot("2026-10-24T02:00:00Z")).toBe(slot("2026-10-24T02:00:00Z"));
		expect(slot("2026-10-24T02:00:00Z")).not.toBe(slot("2026-10-25T02:00:00Z"));
	});

	test("is fit for a durable execution, whatever the key", () => {
		fc.assert(
			fc.property(fc.string(), (key) => {
				expect(nameRun("http", key)).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
			}),
		);
	});

	test("keeps the parts of its key apart", () => {
		expect(nameRun("http", "a", "b")).not.toBe(nameRun("http", "ab"));
	});
});

test("the marker ends the description and is 12 hexadecimal digits", () => {
	expect(marker("schedule-1")).toMatch(/^ \[run:[a-f0-9]{12}\]$/);
	expect(describeSnapshot("schedule-1", { ...request, description: "nightly" })).toBe(`nightly${marker("schedule-1")}`);
});

describe("a run that is started by hand", () => {
	test("is read like any other", () => {
		expect(readRun({ run: "x", trigger: "http", request })).toEqual({ run: "x", trigger: "http", request });
	});

	test.each([
		undefined,
		null,
		1,
		"x",
		[],
		{},
		{ run: "x y", trigger: "http", request },
		{ run: "x", trigger: "me", request },
	])("%j is refused by the field's name", (input) => {
		expect(() => readRun(input)).toThrow(/^run: (run|trigger) must be/);
	});
});

test("an ObjectId tells when Atlas accepted the request", () => {
	expect(new Date(requestTime({ id: "6a7944f22c88faeba59d3572" })).toISOString()).toBe("2026-08-10T03:26:42.000Z");
	fc.assert(
		fc.property(fc.nat(0xffffffff), (seconds) => {
			expect(requestTime({ id: seconds.toString(16).padStart(8, "0") + "0".repeat(16) })).toBe(seconds * 1000);
		}),
	);
});
