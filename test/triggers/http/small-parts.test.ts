import { describe, expect, test } from "vitest";
import { ServiceError } from "../../../lambda/domain/errors.ts";
import type { RunStatus } from "../../../lambda/executions/status.ts";
import { PROBLEMS, ProblemError, problemType, toProblemReply } from "../../../lambda/triggers/http/problem.ts";
import { readIdempotencyKey, readPreferredWait } from "../../../lambda/triggers/http/request.ts";
import { matchesPath, needsIam, ROUTES } from "../../../lambda/triggers/http/routes.ts";
import { isRunName, retryAfterOf, withoutArns } from "../../../lambda/triggers/http/run-status.ts";
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
const COMPLETED = targetStatus("COMPLETED");

test.for(Object.entries(PROBLEMS))("the problem %s has a status and a title of its own", ([kind, { title }]) => {
	const titles = Object.values(PROBLEMS).map((problem) => problem.title);

	expect(title).toMatch(/^[A-Z].{10,}[^.]$/);
	expect(titles.filter((each) => each === title)).toHaveLength(1);
	expect(problemType(kind as keyof typeof PROBLEMS)).toBe(`urn:atlas-snapshots:problem:${kind}`);
});

test.for([
	[
		new ProblemError("not-found", { detail: "d", headers: { a: "b" }, extensions: { x: 1 } }),
		404,
		{ detail: "d", x: 1 },
		{ a: "b" },
	],
	[new ProblemError("atlas-refused", { status: 409, detail: "d" }), 409, { status: 409 }, {}],
	[new ServiceError("RUN_NAME_TAKEN", "taken"), 422, { detail: "taken" }, {}],
	[new ServiceError("READ_FAILED", "s3cr3t", { transient: true }), 503, {}, { "retry-after": "5" }],
	[new ServiceError("READ_FAILED", "s3cr3t"), 500, {}, {}],
	[new TypeError("s3cr3t"), 500, {}, {}],
] as const)("%s becomes a problem of status %i that quotes nothing internal", ([error, code, fields, headers]) => {
	const reply = toProblemReply(error, "r-1");

	expect([reply.status, reply.headers]).toEqual([code, { "content-type": "application/problem+json", ...headers }]);
	expect(JSON.parse(reply.body ?? "")).toMatchObject({
		status: code,
		instance: "urn:atlas-snapshots:request:r-1",
		detail: expect.stringMatching(/./),
		...fields,
	});
	expect(reply.body).not.toContain("s3cr3t");
});

describe("routes", () => {
	test.for([
		["/snapshots", "/snapshots", true],
		["/snapshots", "/snapshots/", false],
		["/snapshots", "/x/snapshots", false],
		["/snapshots/{run}", "/snapshots/a", true],
		["/snapshots/{run}", "/snapshots/a/b", false],
		["/snapshots/{run}", "/snapshots/", false],
		["/openapi.json", "/openapi.json", true],
		["/openapi.json", "/openapixjson", false],
	] as const)("%s matches %s: %s", ([template, path, expected]) => expect(matchesPath(template, path)).toBe(expected));

	test.for([
		["POST", "/snapshots", true],
		["GET", "/snapshots", false],
		["GET", "/snapshots/a", true],
		["HEAD", "/snapshots/a", true],
		["POST", "/snapshots/a", false],
		["POST", "/hooks/snapshots", false],
		["GET", "/openapi.json", true],
		["GET", "/", false],
	] as const)("%s %s needs IAM: %s", ([method, path, expected]) => expect(needsIam(method, path)).toBe(expected));

	test.for(ROUTES)("$path says what it is for", ({ purpose }) => expect(purpose).toMatch(/^[a-z].{10,}[^.]$/));
});

test.for([
	[undefined, 0],
	["", 0],
	["wait=5", 5],
	["WAIT = 5", 5],
	['wait="7"', 7],
	["wait=21", 20],
	["wait=20", 20],
	["wait=999999999", 20],
	["wait=9999999999", 0],
	["wait", 0],
	["wait=", 0],
	["wait=x5", 0],
	["wait=5x", 0],
	["wait=-5", 0],
	["respond-async, wait=3;x=1", 3],
	["wait=3, wait=9", 3],
	["await=5", 0],
] as const)("Prefer: %s waits for %i s", ([field, seconds]) => expect(readPreferredWait(field)).toBe(seconds));

const keyOf = (headers: Record<string, string>) => {
	try {
		return readIdempotencyKey(headers);
	} catch (error) {
		return error instanceof ProblemError && { refused: error.details.detail };
	}
};
const LONG = { refused: "Idempotency-Key must be 1 to 255 printable ASCII characters" };

test.for([
	[{}, undefined],
	[{ "idempotency-key": " a " }, "a"],
	[{ "idempotency-key": '"a, b"' }, "a, b"],
	[{ "idempotency-key": '"a\\"\\\\"' }, 'a"\\'],
	[{ "idempotency-key": "a".repeat(255) }, "a".repeat(255)],
	[{ "idempotency-key": "a".repeat(256) }, LONG],
	[{ "idempotency-key": "" }, LONG],
	[{ "idempotency-key": '""' }, LONG],
	[{ "idempotency-key": '"a' }, LONG],
	[{ "idempotency-key": '"a"b"' }, LONG],
	[{ "idempotency-key": '"a\\b"' }, LONG],
	[{ "idempotency-key": "é" }, LONG],
	[{ "idempotency-key": "a,b" }, { refused: "Idempotency-Key must be sent once, and hold no comma unless quoted" }],
	[{ "webhook-id": " w " }, "w"],
	[{ "webhook-id": "w", "idempotency-key": "a" }, "a"],
	[{ "webhook-id": "a,b" }, { refused: "webhook-id must be sent once, and hold no comma" }],
	[{ "webhook-id": "" }, { refused: "webhook-id must be 1 to 255 printable ASCII characters" }],
] as const)("the idempotency key of %j is %j", ([headers, expected]) => expect(keyOf(headers)).toEqual(expected));

test.for([
	[RUN, true],
	[`schedule-${"a".repeat(32)}`, true],
	[`event-${"9".repeat(32)}`, true],
	[`xhttp-${"0".repeat(32)}`, false],
	[`http-${"0".repeat(33)}`, false],
	[`http-${"0".repeat(31)}`, false],
	[`http-${"g".repeat(32)}`, false],
] as const)("%s is a run's name: %s", ([name, expected]) => expect(isRunName(name)).toBe(expected));

test.for([
	["at arn:aws:iam::1:role/x, 'arn:aws-cn:a:b' and arn:aws:c\"", "at (an ARN) '(an ARN)' and (an ARN)\""],
	["a barn: none", "a barn: none"],
] as const)("%s is told as %s", ([message, expected]) => {
	expect(withoutArns({ code: "C", message })).toEqual({ code: "C", message: expected });
});

describe("Retry-After", () => {
	const endingAt = (milliseconds: number) => ({ ...STARTED, expectedEndAt: new Date(milliseconds).toISOString() });

	test.for([
		["half of the time left", [endingAt(100_000)], 0, "50"],
		["half of the time left until the last one ends", [endingAt(100_000), endingAt(60_000)], 0, "50"],
		["rounded up", [endingAt(101_000)], 0, "51"],
		["five minutes at most", [endingAt(900_000)], 0, "300"],
		["two seconds at least", [endingAt(1000)], 0, "2"],
		["a quarter of the time gone, where an end is past", [endingAt(1000)], 40_000, "10"],
		["a quarter of the time gone, where one end is not known", [endingAt(100_000), STARTED], 40_000, "10"],
		["a quarter of the time gone, where one is pending", [endingAt(100_000), PENDING], 44_001, "12"],
		["a quarter of the time gone, where none runs", [COMPLETED], 40_000, "10"],
		["half of the time left of those that run", [{ ...endingAt(100_000), state: "LATE" }, COMPLETED], 0, "50"],
		["half a minute at most, where the end is not known", [STARTED], 4_000_000, "30"],
	] as const)("is %s", ([, targets, now, expected]) => {
		expect(retryAfterOf({ startedAt: 0, targets: [...targets] }, now)).toBe(expected);
	});
});

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
