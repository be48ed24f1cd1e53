import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readSnapshotRequest } from "../../lambda/domain/request.ts";
import { snapshotDescription as describeSnapshot, nameRun, parseRun, runMarker } from "../../lambda/domain/run.ts";
import { requestTime } from "../../lambda/domain/snapshot.ts";

const request = readSnapshotRequest({ projectId: "32b6e34b3d91647abb20e7b8", clusters: ["a"] });

const KEY = {
	stack: "atlas-snapshots",
	trigger: "schedule",
	caller: "arn:aws:scheduler:eu-west-1:1:schedule/g/nightly",
} as const;

describe("a run's name", () => {
	test("is the same for a second delivery of the same trigger, and another for another", () => {
		const slot = (time: string) => nameRun({ ...KEY, key: time });

		expect(slot("2026-10-24T02:00:00Z")).toBe(slot("2026-10-24T02:00:00Z"));
		expect(slot("2026-10-24T02:00:00Z")).not.toBe(slot("2026-10-25T02:00:00Z"));
	});

	test("is fit for a durable execution, whatever the key", () => {
		fc.assert(
			fc.property(fc.string(), (key) => {
				expect(nameRun({ ...KEY, trigger: "http", key })).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
			}),
		);
	});

	test("is another one for another stack, trigger, caller or key, wherever one part ends and the next begins", () => {
		const part = fc.constantFrom("", "a", "b", "ab", "a\nb", '","', "\n");
		const parts = fc.record({ stack: part, caller: part, key: part, trigger: fc.constantFrom("event", "http") });
		fc.assert(
			fc.property(parts, parts, (one, other) => {
				expect(nameRun(one) === nameRun(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
			}),
		);
	});
});

test("the marker ends the description, is 16 hexadecimal digits, and is another one for another run or stack", () => {
	const own = runMarker("schedule-1", "s");
	expect(own).toMatch(/^ \[run:[a-f0-9]{16}\]$/);
	expect([runMarker("schedule-2", "s"), runMarker("schedule-1", "t")]).not.toContain(own);
	expect(describeSnapshot("schedule-1", "s", { ...request, description: "nightly" })).toBe(`nightly${own}`);
});

describe("a run that is started by hand", () => {
	test("is read like any other", () => {
		const run = { run: "x", trigger: "http", requestedBy: "local", request };

		expect(parseRun(run)).toEqual(run);
	});

	test.each([
		["schedule", `schedule:${"n".repeat(2048)}`],
		["schedule", "schedule:nächtlich, 2"],
		["event", `event:${"s".repeat(2048)}`],
		["http", `iam:${"a".repeat(2048)}`],
		["http", "hook:ci"],
	])("may be asked for by %s and %s", (trigger, requestedBy) => {
		expect(parseRun({ run: "x", trigger, requestedBy, request })).toMatchObject({ trigger, requestedBy });
	});

	test.each([
		...["schedule:", `schedule:${"n".repeat(2049)}`, "schedule:a\u0000", "schedule:\ud800", "xschedule:a"].map(
			(requestedBy) => ({ run: "x", trigger: "schedule", requestedBy, request }),
		),
		...["event:", `event:${"n".repeat(2049)}`, "xevent:a"].map((requestedBy) => ({
			run: "x",
			trigger: "event",
			requestedBy,
			request,
		})),
		...["iam:", "hook:a\nb", `hook:${"n".repeat(2049)}`, "xlocal", "localx", "xiam:a"].map((requestedBy) => ({
			run: "x",
			trigger: "http",
			requestedBy,
			request,
		})),
		{ run: "x", trigger: "toString", requestedBy: "local", request },
		{ run: "x", trigger: ["http"], requestedBy: "local", request },
		undefined,
		null,
		1,
		"x",
		[],
		{},
		{ run: "x y", trigger: "http", requestedBy: "local", request },
		{ run: "x", trigger: "me", request },
		{ run: "x", trigger: "http", request },
		{ run: "x", trigger: "http", requestedBy: "schedule:nightly", request },
		{ run: "x", trigger: "schedule", requestedBy: "local", request },
		{ run: "x", trigger: "event", requestedBy: "event:a\nb", request },
	])("%j is refused by the field's name", (input) => {
		expect(() => parseRun(input)).toThrow(/^run: (run|trigger|requestedBy) must be/);
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
