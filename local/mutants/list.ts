import type { ScenarioName } from "../faults/draw-scenarios.ts";

/** A defect put into the code by hand: texts to replace, each of which must stand in its file exactly once. */
export interface Mutant {
	readonly name: string;
	/** Test files that have to find it; without them the fault campaign has to. */
	readonly tests?: readonly string[];
	/** The campaign's scenario that is made for it, where there is one. */
	readonly scenario?: ScenarioName;
	readonly edits: readonly { readonly file: string; readonly from: string; readonly to: string }[];
}

const TAKING = "lambda/domain/acquisition.ts";
const TIMING = "lambda/domain/acquisition-timing.ts";
const ASK = "lambda/workflow/request-snapshot.ts";
const TRANSPORT = "lambda/atlas/transport.ts";

const edit = (file: string, from: string, to: string) => ({ file, from, to });

/** Each breaks a promise. */
export const mutants: readonly Mutant[] = [
	{
		name: "an unknown status ends the polling",
		edits: [
			edit(
				"lambda/domain/polling.ts",
				'status === "completed" || status === "failed"',
				'status !== "queued" && status !== "inProgress"',
			),
		],
	},
	{
		name: "no look after a conflict",
		scenario: "twofold",
		edits: [
			edit(
				TAKING,
				"return [{ ...state, conflict: reason }, lookUpNow]",
				"return requestAgain({ ...state, sentAt: null, conflict: reason }, at, terms, terms.backOff(state.requests))",
			),
		],
	},
	{
		name: "the POST at least once",
		edits: [
			edit(
				"lambda/workflow/steps.ts",
				"durable.step(name, tracked(work), atMostOnce)",
				"durable.step(name, tracked(work), never)",
			),
		],
	},
	{
		name: "no guard against late POSTs",
		scenario: "frozenPost",
		edits: [
			edit(
				TRANSPORT,
				"if (timedOut || timeLeft(call, now()) <= 0 || now() > (call.post?.notAfter ?? Infinity))",
				"if (call === undefined)",
			),
			edit(TRANSPORT, "				timedOut = true;\n				abort(new CallTimeout());", "				timedOut = true;"),
		],
	},
	{
		name: "a POST is good for an hour",
		scenario: "frozenPost",
		edits: [edit("lambda/atlas/request.ts", "CALL_TIMEOUT_MS = 60_000", "CALL_TIMEOUT_MS = 3_600_000")],
	},
	{
		name: "another's snapshot clears doubt",
		scenario: "overtaken",
		edits: [edit(TAKING, "state.lookupPauses.length > 0 && !isExplained", "state.lookupPauses.length > 0 && !running")],
	},
	{
		name: "no look after a 401",
		edits: [
			edit(
				TAKING,
				"if (state.requests <= 2 && sentAt !== null) return lookUpAfter(state, LOOKUPS_AFTER_REFUSAL);",
				'return [state, { do: "explain", reason, code, again: false }];',
			),
		],
	},
	{
		name: "one 404 means gone",
		edits: [edit("lambda/domain/polling.ts", "timesMissing >= 2 &&", "timesMissing >= 1 &&")],
	},
	{
		name: "any marker is ours",
		scenario: "others",
		edits: [
			edit(
				"lambda/domain/acquisition-state.ts",
				"	snapshot.description.endsWith(run.marker) &&",
				'	snapshot.description.includes(own.marker.slice(0, 5)) && snapshot.description.endsWith("]") &&',
			),
		],
	},
	{
		name: "an old snapshot with the marker is ours",
		scenario: "others",
		edits: [
			edit("lambda/domain/acquisition-state.ts", "requestTime(snapshot) >= startedAt - SKEW_MS", "startedAt > SKEW_MS"),
		],
	},
	{
		name: "the POST is repeated on failure",
		scenario: "lateDrop",
		edits: [
			edit(
				"lambda/atlas/layers/repeat-reads.ts",
				'call.method === "GET" && wasClosedUnder(error)',
				"wasClosedUnder(error)",
			),
		],
	},
	{
		name: "a failed list counts as empty",
		scenario: "blind",
		edits: [
			edit(
				ASK,
				"return { at: ports.now(), failure: classifyFailure(error) };",
				"return { at: ports.now(), snapshots: {}, expectation: error ? null : null };",
			),
		],
	},
	{
		name: "doubt ends at the deadline",
		scenario: "blind",
		edits: [edit(TAKING, "(terms.hardLimitAt - at) / 1000", "(terms.deadlineAt - at) / 1000")],
	},
	{
		name: "asks for ever",
		scenario: "turnedAway",
		edits: [
			edit(TIMING, "if (at + afterSeconds * 1000 < terms.deadlineAt) return", "if (at < 2 * terms.deadlineAt) return"),
			edit(
				"lambda/workflow/acquire.ts",
				"(state.requests > 0 || seconds > 0) && at + seconds * 1000 >= deadlineAt",
				"state.requests < 0",
			),
			edit(ASK, "if (requestedAt >= deadlineAt) return", "if (requestedAt < 0) return"),
			edit(ASK, "		notAfter: deadlineAt,\n", ""),
		],
	},
	{
		name: "an unreadable 200 means no",
		scenario: "quickEnd",
		edits: [
			edit(
				"lambda/atlas/replies/classify.ts",
				'code: "ATLAS_UNREADABLE", status, executed: mayBeExecuted(request)',
				'code: "ATLAS_UNREADABLE", status',
			),
			edit(
				"lambda/atlas/resources/requests.ts",
				"throw error instanceof ServiceError ?",
				'throw error instanceof ServiceError && error.name !== "ATLAS_UNREADABLE" ?',
			),
		],
	},
	{
		name: "a poll takes whatever snapshot it is shown",
		edits: [
			edit(
				"lambda/atlas/resources/snapshots.ts",
				"v.check(({ id }) => id === snapshotId)",
				"v.check(({ id }) => id !== snapshotId.toUpperCase())",
			),
		],
	},
	{
		name: "Retry-After is halved",
		edits: [edit("lambda/atlas/layers/rate-limit.ts", "at + seconds * 1000", "at + seconds * 500")],
	},
	{
		name: "an interrupted request was not carried out",
		tests: ["test/workflow/acquire.test.ts", "test/workflow/run.test.ts", "test/domain/acquisition.test.ts"],
		edits: [edit(ASK, 'executed: "unknown",\n\t\tanswered: false', 'executed: "no",\n\t\tanswered: false')],
	},
	{
		name: "the final read's status is ignored",
		tests: ["test/workflow/verify.test.ts"],
		edits: [edit("lambda/workflow/verify.ts", 'if (final.status !== "completed")', "if (final !== final)")],
	},
	{
		name: "Retry-After is dropped where replies are classified",
		tests: ["test/atlas/replies/classify.test.ts", "test/atlas/replies/retry-after.test.ts"],
		edits: [
			edit(
				"lambda/atlas/replies/classify.ts",
				"retryAfterSeconds: retryAfterSeconds(reply, now)",
				"retryAfterSeconds: undefined",
			),
		],
	},
	{
		name: "polls ignore Retry-After",
		tests: ["test/domain/polling.test.ts", "test/workflow/pauses.test.ts"],
		edits: [edit("lambda/domain/polling.ts", "undefined : at + retryAfterSeconds * 1000", "undefined : at")],
	},
	{
		name: "no back-off between conflicts",
		tests: ["test/domain/acquisition.test.ts"],
		edits: [
			edit(TAKING, "state.requests <= 1 ? 0 : terms.backOff(state.requests - 1)", "0 * terms.backOff(state.requests)"),
			edit("lambda/workflow/acquire.ts", "state.requests > 1 ? backOff(state.requests - 1) : 0", "0"),
		],
	},
	{
		name: "a selection is tried without a bound",
		tests: ["test/workflow/fleet/selection-tries.test.ts"],
		edits: [
			edit("lambda/workflow/select-in-pages.ts", "tries >= SELECTION_TRIES", "tries < 0"),
			edit(
				"lambda/workflow/select-in-pages.ts",
				"return cutSeconds(Math.max(pause, least), left);",
				"return cutSeconds(least > 0 ? pause : pause, left);",
			),
		],
	},
	{
		name: "only the first page of a history is read",
		tests: ["test/executions/history-pages.test.ts"],
		edits: [
			edit("lambda/executions/lambda-api.ts", "marker = reply?.NextMarker;", "marker = reply ? undefined : marker;"),
		],
	},
];
