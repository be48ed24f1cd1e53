import { describe, expect, test } from "vitest";
import { afterLookup, afterRequest } from "../../lambda/domain/acquisition.ts";
import {
	type AcquisitionTerms,
	findOwnAndRunning,
	initialAcquisition,
	type RequestResult,
} from "../../lambda/domain/acquisition-state.ts";
import type { Failure } from "../../lambda/domain/failure.ts";
import type { ConflictPolicy } from "../../lambda/domain/request.ts";
import { runMarker } from "../../lambda/domain/run.ts";
import { requestTime, type Snapshot } from "../../lambda/domain/snapshot.ts";
import { interruptedRequest } from "../../lambda/workflow/request-snapshot.ts";

const MINUTE = 60_000;
const OURS = runMarker("schedule-1", "atlas-snapshots");

const failure = (over: Partial<Failure>): Failure => ({
	reason: { code: over.code ?? "ATLAS_FAULT", message: "m" },
	code: "ATLAS_FAULT",
	retry: "again",
	executed: "no",
	answered: false,
	refused: false,
	...over,
});
const lost = failure({ code: "ATLAS_NO_REPLY", executed: "unknown" });
const conflict = failure({ code: "ATLAS_SNAPSHOT_RUNNING", retry: "again", answered: true, executed: "unknown" });
const OWN = { marker: OURS, startedAt: 0 };
const terms = (policy: ConflictPolicy): AcquisitionTerms => ({
	policy,
	retentionInDays: 7,
	deadlineAt: 60 * MINUTE,
	hardLimitAt: 3 * 24 * 60 * MINUTE,
	backOff: (attempt, retryAfter) => retryAfter ?? 10 * 2 ** (attempt - 1),
});
const snapshot = (over: Partial<Snapshot> & { id: string }): Snapshot => ({
	status: "inProgress",
	snapshotType: "onDemand",
	...over,
});
const OTHER_ID = "a".repeat(24);
/** Another's, kept for so many days from its request. */
const keptFor = (days: number) =>
	snapshot({
		id: OTHER_ID,
		description: "someone else's",
		expiresAt: new Date(requestTime({ id: OTHER_ID }) + days * 86_400_000).toISOString(),
	});
const other = keptFor(7);

describe("moves", () => {
	test.each([
		[8, "follow"],
		[7, "follow"],
		[7 - 9 / 1440, "follow"],
		[7 - 11 / 1440, "wait-for-other"],
		[1, "wait-for-other"],
	])("promise 9: join, for a snapshot of 7 days, makes of another's that is kept %d days: %s", (days, expected) => {
		const [taking] = afterRequest(initialAcquisition, { at: 0, failure: conflict }, terms("join"));
		const [, move] = afterLookup(taking, { at: 0, snapshots: { running: keptFor(days) } }, terms("join"));

		expect(move.do).toBe(expected);
	});

	test("promise 9: another's snapshot of which nobody says how long it is kept is waited for, not joined", () => {
		const [taking] = afterRequest(initialAcquisition, { at: 0, failure: conflict }, terms("join"));
		const running = { ...other, expiresAt: undefined };

		expect(afterLookup(taking, { at: 0, snapshots: { running } }, terms("join"))[1].do).toBe("wait-for-other");
	});

	test("promise 1: a request in which the process died is in doubt, and its snapshot is looked for before another", () => {
		const [taking, move] = afterRequest(initialAcquisition, interruptedRequest(0) as RequestResult, terms("join"));

		expect(taking).toMatchObject({ inDoubt: true, sentAt: 0 });
		expect(move).toMatchObject({ do: "look-up" });
	});

	test("one request in the good case: taken is followed as created", () => {
		const [, move] = afterRequest(initialAcquisition, { at: 0, snapshot: other }, terms("join"));

		expect(move).toEqual({ do: "follow", snapshot: other, provenance: "created" });
	});

	test("a lost reply is looked for five times, until a list of two minutes ago must show it, before Atlas is asked again", () => {
		let [taking, move] = afterRequest(initialAcquisition, { at: 0, failure: lost }, terms("join"));
		const pauses: number[] = [];
		let at = 0;
		while (move.do === "look-up") {
			pauses.push(move.afterSeconds);
			at += move.afterSeconds * 1000;
			[taking, move] = afterLookup(taking, { at, snapshots: {} }, terms("join"));
		}

		expect(pauses).toEqual([5, 40, 60, 60, 25]);
		expect(move).toEqual({ do: "request", afterSeconds: 0 });
		expect(taking.inDoubt).toBe(false);
	});

	test("a reply that is lost after many requests that did nothing is looked for as soon", () => {
		let taking = initialAcquisition;
		for (let asks = 0; asks < 7; asks++)
			[taking] = afterRequest(taking, { at: asks * MINUTE, failure: failure({}) }, terms("join"));
		const [, move] = afterRequest(taking, { at: 20 * MINUTE, failure: lost }, terms("join"));

		expect(move).toEqual({ do: "look-up", afterSeconds: 5 });
	});

	test("our marker makes it recovered, whatever became of the snapshot", () => {
		const ours = snapshot({ id: "b".repeat(24), status: "failed", description: `nightly${OURS}` });
		const [taking] = afterRequest(initialAcquisition, { at: 0, failure: lost }, terms("skip"));
		const [, move] = afterLookup(taking, { at: 5000, snapshots: findOwnAndRunning([other, ours], OWN) }, terms("skip"));

		expect(move).toEqual({ do: "follow", snapshot: ours, provenance: "recovered" });
	});

	test.each([
		["join", { do: "follow", snapshot: other, provenance: "adopted" }],
		["wait", { do: "wait-for-other", snapshot: other }],
		["skip", { do: "end", state: "SKIPPED", reason: conflict.reason }],
		["fail", { do: "end", state: "REFUSED", reason: conflict.reason }],
	] as const)("policy %s decides on another's running snapshot", (policy, expected) => {
		const [taking, look] = afterRequest(initialAcquisition, { at: 0, failure: conflict }, terms(policy));
		const [, move] = afterLookup(taking, { at: 0, snapshots: { running: other } }, terms(policy));

		expect(look).toEqual({ do: "look-up", afterSeconds: 0 });
		expect(move).toEqual(expected);
	});

	test("conflicts whose cause is over when it is looked for: the first is followed by lookups until a list must show what a copy of the request left, the others by growing pauses", () => {
		let taking = initialAcquisition;
		const pauses = [1, 2, 3, 4, 5, 6].map(() => {
			[taking] = afterRequest(taking, { at: 0, failure: conflict }, terms("join"));
			const [next, move] = afterLookup(taking, { at: 0, snapshots: {} }, terms("join"));
			taking = next;
			return move;
		});

		const asks = [125, 125, 125, 125, 160].map((afterSeconds) => ({ do: "request", afterSeconds }));
		expect(pauses).toEqual([{ do: "look-up", afterSeconds: 20 }, ...asks]);
	});

	test("a scheduled snapshot of Atlas's own is no conflict", () => {
		const scheduled = snapshot({ id: "c".repeat(24), snapshotType: "scheduled" });

		expect(findOwnAndRunning([scheduled], OWN)).toEqual({});
	});

	test("a marker counts only at the end of the description, and only ours", () => {
		const quoted = snapshot({ id: "d".repeat(24), status: "completed", description: `${OURS} copied by hand` });
		const foreign = snapshot({
			id: "e".repeat(24),
			status: "completed",
			description: `x${runMarker("schedule-2", "atlas-snapshots")}`,
		});

		expect(findOwnAndRunning([quoted, foreign], OWN)).toEqual({});
	});

	test("Retry-After is honoured in full, and nothing is asked for after the deadline", () => {
		const throttled = failure({ code: "ATLAS_RATE_LIMITED", retryAfterSeconds: 55 });
		const [, early] = afterRequest(initialAcquisition, { at: 0, failure: throttled }, terms("join"));
		const [, tooLate] = afterRequest(
			initialAcquisition,
			{ at: 60 * MINUTE - 55_000, failure: throttled },
			terms("join"),
		);

		expect(early).toEqual({ do: "request", afterSeconds: 55 });
		expect(tooLate).toEqual({ do: "end", state: "REFUSED", reason: throttled.reason });
	});

	test("a request in doubt is looked for until the hard limit, then lost, never refused", () => {
		const [taking] = afterRequest(initialAcquisition, { at: 0, failure: lost }, terms("join"));
		const blind = (at: number) => afterLookup(taking, { at, failure: failure({ retry: "never" }) }, terms("join"))[1];

		expect(blind(61 * MINUTE)).toMatchObject({ do: "look-up" });
		expect(blind(3 * 24 * 60 * MINUTE)).toMatchObject({ do: "end", state: "LOST" });
	});
});
