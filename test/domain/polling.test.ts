import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AtlasError } from "../../lambda/domain/errors.ts";
import { classifyFailure } from "../../lambda/domain/failure.ts";
import { afterFailedPoll, afterPoll, pollStatus, startPolling } from "../../lambda/domain/polling.ts";

const id = "6a7944f22c88faeba59d3572";
const begun = startPolling({ id, status: "queued" }, 0);
const limits = { deadlineAt: 100, hardLimitAt: 1000 };
const fault = (code: "ATLAS_SNAPSHOT_NOT_FOUND" | "ATLAS_FAULT" | "ATLAS_KEY_REFUSED") =>
	classifyFailure(new AtlasError({ code, blame: "transient", executed: "no" }, "m"));

describe("promise 3: completed only when Atlas says so", () => {
	test("an unknown status ends nothing", () => {
		fc.assert(
			fc.property(fc.string(), (status) => {
				fc.pre(status !== "completed" && status !== "failed");
				expect(afterPoll(begun, { id, status }, 1).ended).toBeUndefined();
			}),
		);
	});

	test.each(["completed", "failed"])("%s ends the watch and keeps the snapshot whole", (status) => {
		const snapshot = { id, status, storageSizeBytes: 1582854144 };
		const seen = afterPoll(begun, snapshot, 1);

		expect(pollStatus(seen, limits)).toBe("ended");
		expect(seen.ended).toEqual(snapshot);
	});
});

describe("promise 2: a failed look never ends a watch", () => {
	test("whatever it was, and however often", () => {
		let seen = begun;
		for (const code of ["ATLAS_FAULT", "ATLAS_KEY_REFUSED", "ATLAS_SNAPSHOT_NOT_FOUND", "ATLAS_FAULT"] as const) {
			seen = afterFailedPoll(seen, fault(code), 1);
			expect(pollStatus(seen, limits)).toBe("waiting");
		}
		expect(seen.failures).toBe(4);
	});

	test("promise 6: the next poll waits as long as Atlas asks", () => {
		const busy = classifyFailure(
			new AtlasError({ code: "ATLAS_RATE_LIMITED", blame: "transient", executed: "no", retryAfterSeconds: 90 }, "m"),
		);

		expect(afterFailedPoll(begun, busy, 1_000).notBefore).toBe(91_000);
	});

	test("gone only after a second look in a row", () => {
		const once = afterFailedPoll(begun, fault("ATLAS_SNAPSHOT_NOT_FOUND"), 1);
		const back = afterPoll(once, { id, status: "inProgress" }, 2);

		expect(pollStatus(once, limits)).toBe("waiting");
		expect(pollStatus(afterFailedPoll(once, fault("ATLAS_SNAPSHOT_NOT_FOUND"), 2), limits)).toBe("gone");
		expect(pollStatus(afterFailedPoll(back, fault("ATLAS_SNAPSHOT_NOT_FOUND"), 3), limits)).toBe("waiting");
	});
});

test("promise 4: late at the deadline, on after it was told, given up at the hard limit", () => {
	const at = (time: number) => afterPoll(begun, { id, status: "inProgress" }, time);

	expect(pollStatus(at(99), limits)).toBe("waiting");
	expect(pollStatus(at(100), limits)).toBe("late");
	expect(pollStatus(at(100), { hardLimitAt: 1000 })).toBe("waiting");
	expect(pollStatus(at(1000), { hardLimitAt: 1000 })).toBe("given-up");
});

test("a watch between two looks is small, whatever the snapshot holds", () => {
	const large = { id, status: "inProgress", members: Array.from({ length: 500 }, (_, i) => ({ id: String(i) })) };

	expect(JSON.stringify(afterPoll(begun, large, 1)).length).toBeLessThan(160);
});
