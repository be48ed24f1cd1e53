import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ConflictPolicy } from "../../lambda/domain/request.ts";
import { marker } from "../../lambda/domain/run.ts";
import type { Snapshot } from "../../lambda/domain/snapshot.ts";
import {
	type Asked,
	afterAsking,
	afterLooking,
	findIn,
	type Looked,
	type Move,
	type Terms,
	untaken,
} from "../../lambda/domain/taking.ts";
import type { Verdict } from "../../lambda/domain/verdict.ts";

const MINUTE = 60_000;
const OURS = marker("schedule-1", "atlas-snapshots");

const verdict = (over: Partial<Verdict>): Verdict => ({
	reason: { code: over.code ?? "ATLAS_FAULT", message: "m" },
	code: "ATLAS_FAULT",
	retry: "again",
	executed: "no",
	...over,
});
const lost = verdict({ code: "ATLAS_NO_REPLY", executed: "unknown" });
const conflict = verdict({ code: "ATLAS_SNAPSHOT_RUNNING", retry: "never" });
const terms = (policy: ConflictPolicy): Terms => ({
	policy,
	deadlineAt: 60 * MINUTE,
	hardLimitAt: 3 * 24 * 60 * MINUTE,
	backOff: (attempt, retryAfter) => retryAfter ?? 10 * 2 ** (attempt - 1),
});
const snapshot = (over: Partial<Snapshot> & { id: string }): Snapshot => ({
	status: "inProgress",
	snapshotType: "onDemand",
	...over,
});
const other = snapshot({ id: "a".repeat(24), description: "someone else's" });

describe("moves", () => {
	test("one request in the good case: taken is followed as created", () => {
		const [, move] = afterAsking(untaken, { at: 0, snapshot: other }, terms("join"));

		expect(move).toEqual({ do: "follow", snapshot: other, provenance: "created" });
	});

	test("a lost reply is looked for three times within a minute before Atlas is asked again", () => {
		let [taking, move] = afterAsking(untaken, { at: 0, verdict: lost }, terms("join"));
		const pauses: number[] = [];
		let at = 0;
		while (move.do === "look") {
			pauses.push(move.afterSeconds);
			at += move.afterSeconds * 1000;
			[taking, move] = afterLooking(taking, { at, snapshots: {} }, terms("join"));
		}

		expect(pauses).toEqual([5, 15, 40]);
		expect(move).toEqual({ do: "ask", afterSeconds: 0 });
		expect(taking.inDoubt).toBe(false);
	});

	test("our marker makes it recovered, whatever became of the snapshot", () => {
		const ours = snapshot({ id: "b".repeat(24), status: "failed", description: `nightly${OURS}` });
		const [taking] = afterAsking(untaken, { at: 0, verdict: lost }, terms("skip"));
		const [, move] = afterLooking(taking, { at: 5000, snapshots: findIn([other, ours], OURS) }, terms("skip"));

		expect(move).toEqual({ do: "follow", snapshot: ours, provenance: "recovered" });
	});

	test.each([
		["join", { do: "follow", snapshot: other, provenance: "adopted" }],
		["wait", { do: "wait-for", snapshot: other }],
		["skip", { do: "end", state: "SKIPPED", reason: conflict.reason }],
		["fail", { do: "end", state: "REFUSED", reason: conflict.reason }],
	] as const)("policy %s decides on another's running snapshot", (policy, expected) => {
		const [taking, look] = afterAsking(untaken, { at: 0, verdict: conflict }, terms(policy));
		const [, move] = afterLooking(taking, { at: 0, snapshots: { running: other } }, terms(policy));

		expect(look).toEqual({ do: "look", afterSeconds: 0 });
		expect(move).toEqual(expected);
	});

	test("a scheduled snapshot of Atlas's own is no conflict", () => {
		const scheduled = snapshot({ id: "c".repeat(24), snapshotType: "scheduled" });

		expect(findIn([scheduled], OURS)).toEqual({});
	});

	test("a marker counts only at the end of the description, and only ours", () => {
		const quoted = snapshot({ id: "d".repeat(24), status: "completed", description: `${OURS} copied by hand` });
		const foreign = snapshot({
			id: "e".repeat(24),
			status: "completed",
			description: `x${marker("schedule-2", "atlas-snapshots")}`,
		});

		expect(findIn([quoted, foreign], OURS)).toEqual({});
	});

	test("Retry-After is honoured in full, and nothing is asked for after the deadline", () => {
		const throttled = verdict({ code: "ATLAS_RATE_LIMITED", retryAfterSeconds: 55 });
		const [, early] = afterAsking(untaken, { at: 0, verdict: throttled }, terms("join"));
		const [, tooLate] = afterAsking(untaken, { at: 60 * MINUTE - 55_000, verdict: throttled }, terms("join"));

		expect(early).toEqual({ do: "ask", afterSeconds: 55 });
		expect(tooLate).toEqual({ do: "end", state: "REFUSED", reason: throttled.reason });
	});

	test("a request in doubt is looked for until the hard limit, then lost, never refused", () => {
		const [taking] = afterAsking(untaken, { at: 0, verdict: lost }, terms("join"));
		const blind = (at: number) => afterLooking(taking, { at, verdict: verdict({ retry: "never" }) }, terms("join"))[1];

		expect(blind(61 * MINUTE)).toMatchObject({ do: "look" });
		expect(blind(3 * 24 * 60 * MINUTE)).toMatchObject({ do: "end", state: "LOST" });
	});
});

/**
 * A little Atlas: it refuses a second on-demand snapshot while one runs, takes 160 seconds for each, and carries a
 * request out at once, up to 45 seconds late, or never. Replies get lost at will, or deny the key of what was done.
 */
type Fate = "done" | "done-unheard" | "late-unheard" | "never-unheard" | "unsent" | "blind" | "done-denied";
const FATES: readonly Fate[] = [
	"done",
	"done-unheard",
	"late-unheard",
	"never-unheard",
	"unsent",
	"blind",
	"done-denied",
];

function play(fates: readonly Fate[], policy: ConflictPolicy, otherUntil: number) {
	let now = 0;
	let next = 0;
	const fate = () => fates[next++] ?? "done";
	const taken: { at: number; ours: boolean; id: string }[] =
		otherUntil > 0 ? [{ at: otherUntil - 160_000, ours: false, id: other.id }] : [];
	const late: number[] = [];
	const settle = () => {
		for (const at of late.splice(0).sort((a, b) => a - b))
			if (at <= now) execute(at);
			else late.push(at);
	};
	const running = (at: number) => taken.find((one) => one.at <= at && at < one.at + 160_000);
	const execute = (at: number) => {
		if (running(at)) return undefined;
		const one = { at, ours: true, id: String(taken.length).padStart(24, "0") };
		taken.push(one);
		return one;
	};
	const toSnapshot = (one: { at: number; ours: boolean; id: string }): Snapshot =>
		snapshot({
			id: one.id,
			status: now < one.at + 160_000 ? "inProgress" : "completed",
			description: one.ours ? `x${OURS}` : "x",
		});
	const ask = (): Asked => {
		settle();
		switch (fate()) {
			case "unsent":
				return { at: now, verdict: verdict({ code: "ATLAS_UNREACHABLE" }) };
			case "never-unheard":
				now += 20_000;
				return { at: now, verdict: lost };
			case "late-unheard":
				late.push(now + 45_000);
				now += 20_000;
				return { at: now, verdict: lost };
			case "done-denied":
				execute(now);
				return { at: now, verdict: verdict({ code: "ATLAS_KEY_REFUSED", retry: "never" }) };
			case "done-unheard":
				execute(now);
				now += 20_000;
				return { at: now, verdict: lost };
			case "blind":
			case "done": {
				const one = execute(now);
				return one ? { at: now, snapshot: toSnapshot(one) } : { at: now, verdict: conflict };
			}
		}
	};
	const look = (): Looked => {
		settle();
		return fate() === "blind"
			? { at: now, verdict: verdict({ code: "ATLAS_FAULT", executed: "unknown" }) }
			: { at: now, snapshots: findIn(taken.map(toSnapshot), OURS) };
	};
	let taking = untaken;
	let move: Move = { do: "ask", afterSeconds: 0 };
	for (let steps = 0; steps < 2000; steps++) {
		if (move.do === "ask") {
			now += move.afterSeconds * 1000;
			[taking, move] = afterAsking(taking, ask(), terms(policy));
		} else if (move.do === "look") {
			now += move.afterSeconds * 1000;
			[taking, move] = afterLooking(taking, look(), terms(policy));
		} else if (move.do === "wait-for") {
			now += 160_000;
			move = { do: "ask", afterSeconds: 0 };
		} else break;
	}
	now += 10 * MINUTE;
	settle();
	return { move, ours: taken.filter((one) => one.ours) };
}

describe("promise 1: never two snapshots where one was asked", () => {
	test("every run of five fates, for every policy, with and without another's snapshot running", () => {
		let played = 0;
		const all = (depth: number): Fate[][] =>
			depth === 0 ? [[]] : all(depth - 1).flatMap((head) => FATES.map((fate) => [...head, fate]));
		for (const fates of all(5)) {
			for (const policy of ["join", "wait", "skip", "fail"] as const) {
				for (const otherUntil of [0, 30_000, 150_000]) {
					const { move, ours } = play(fates, policy, otherUntil);
					played++;
					if (ours.length > 1 || !["follow", "explain", "end"].includes(move.do)) {
						expect.fail(
							`${fates.join(" ")} with ${policy}, other until ${otherUntil}: ${ours.length} snapshots, ${JSON.stringify(move)}`,
						);
					}
				}
			}
		}
		expect(played).toBe(7 ** 5 * 12);
	});

	test("longer runs, drawn at random, end too, and what is followed is there", () => {
		fc.assert(
			fc.property(
				fc.array(fc.constantFrom(...FATES), { maxLength: 40 }),
				fc.constantFrom<ConflictPolicy>("join", "wait", "skip", "fail"),
				fc.nat(200_000),
				(fates, policy, otherUntil) => {
					const { move, ours } = play(fates, policy, otherUntil);
					expect(ours.length).toBeLessThanOrEqual(1);
					expect(["follow", "end"]).toContain(move.do);
					if (move.do === "follow" && move.provenance !== "adopted") expect(move.snapshot.id).toBe(ours[0]?.id);
					if (move.do === "end" && move.state === "REFUSED") expect(ours).toEqual([]);
				},
			),
			{ numRuns: 2000 },
		);
	});
});
