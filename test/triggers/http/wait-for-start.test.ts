import { describe, expect, test } from "vitest";
import { ServiceError } from "../../../lambda/domain/errors.ts";
import type { RunStatus } from "../../../lambda/executions/status.ts";
import { toRefusal, waitForStart } from "../../../lambda/triggers/http/wait-for-start.ts";
import { targetStatus } from "../../harness/router.ts";

const RUN = `http-${"0".repeat(32)}`;
const status = (targets: RunStatus["targets"], fields: Partial<RunStatus> = {}): RunStatus => ({
	...{ run: RUN, requestedBy: "iam:a", status: "RUNNING", startedAt: 0, targets },
	...fields,
});
const PENDING = { projectId: "p", clusterName: "c", state: "PENDING" } as const;
const STARTED = targetStatus("STARTED");
const REFUSED = targetStatus("REFUSED");

describe("waiting for the start", () => {
	type Read = RunStatus | undefined | Error;
	/** @returns what was returned, and at which times it was read */
	async function wait(reads: readonly Read[], until: number) {
		let at = 0;
		const times: number[] = [];
		const read = async () => {
			const next = reads[times.push(at) - 1];
			if (next instanceof Error) throw next;
			return next;
		};
		const pause = async (milliseconds: number) => {
			at += milliseconds;
		};
		return { last: await waitForStart(read, until, { now: () => at, pause }), times };
	}
	const [pending, started] = [status([PENDING]), status([STARTED])];
	const passing = new ServiceError("READ_FAILED", "m", { transient: true });

	test.for([
		["ends with the first read that finds it", [started], 20_000, started, [1500]],
		[
			"reads three times, the last when the time is up",
			[pending, pending, pending],
			20_000,
			pending,
			[1500, 5500, 20_000],
		],
		["reads once, when the time is up, where that is soon", [pending], 1000, pending, [1000]],
		["reads nothing without time", [], 0, undefined, []],
		[
			"goes on past a read that fails for now, and keeps the one before",
			[pending, passing, undefined],
			20_000,
			pending,
			[1500, 5500, 20_000],
		],
		[
			"ends where no target is pending",
			[status([STARTED, PENDING]), status([STARTED, REFUSED])],
			20_000,
			status([STARTED, REFUSED]),
			[1500, 5500],
		],
		[
			"ends where the run has ended",
			[status([PENDING], { status: "FAILED" })],
			20_000,
			status([PENDING], { status: "FAILED" }),
			[1500],
		],
		["goes on where no target is known yet", [status([]), started], 20_000, started, [1500, 5500]],
	] as const)("%s", async ([, reads, until, last, times]) => {
		expect(await wait(reads, until)).toEqual({ last, times });
	});

	test.for([new ServiceError("READ_FAILED", "m"), new TypeError("m")])(
		"ends with an error that lasts: %s",
		async (error) => {
			await expect(wait([error], 20_000)).rejects.toBe(error);
		},
	);
});

describe("a run whose targets were all refused", () => {
	const problem = (...targets: RunStatus["targets"]) => toRefusal(status(targets), "/l");

	test("is none where a target was not, or none is known", () => {
		expect([problem(REFUSED, STARTED), problem()]).toEqual([undefined, undefined]);
	});

	test.for([
		["CLUSTER_NOT_FOUND", 404, { location: "/l" }],
		["ATLAS_CLUSTER_PAUSED", 409, { location: "/l" }],
		["ATLAS_RATE_LIMITED", 503, { location: "/l", "retry-after": "60" }],
		["SOMETHING_NEW", 422, { location: "/l" }],
	] as const)("for %s is a problem of status %i", ([code, httpStatus, headers]) => {
		const { kind, details } = problem(targetStatus("REFUSED", "prod-a", code)) ?? {};

		expect([kind, details?.status, details?.headers]).toEqual(["atlas-refused", httpStatus, headers]);
		expect(details?.detail).toBe("prod-a: Atlas would not");
		expect(details?.extensions).toMatchObject({ code, run: RUN, targets: [{ clusterName: "prod-a" }] });
	});

	test("names the first one and counts the others", () => {
		expect(problem(REFUSED, REFUSED, REFUSED)?.details.detail).toBe("prod-a: Atlas would not; and 2 more, see targets");
	});

	test("has a reason even where none is known", () => {
		expect(problem({ ...REFUSED, reason: null })?.details).toMatchObject({
			detail: "prod-a: no reason is known",
			extensions: { code: "UNKNOWN" },
		});
	});

	test("by the operator's limits is not allowed", () => {
		expect(problem(targetStatus("REFUSED", "prod-a", "NOT_ALLOWED"))).toMatchObject({
			kind: "not-allowed",
			details: { errors: [{ pointer: "/clusters", detail: "Atlas would not" }], headers: { location: "/l" } },
		});
	});
});
