import { createHash } from "node:crypto";
import type { Reason, TargetStatus } from "../../domain/outcome.ts";
import type { RequestedBy } from "../../domain/run.ts";
import type { Runs } from "../../executions/runs.ts";
import type { RunStatus, TargetProgress } from "../../executions/status.ts";
import { ProblemError } from "./problem.ts";
import { type HttpReply, type HttpRequest, requireCaller } from "./request.ts";

/** Whether it is a name that `nameRun` makes. For others AWS is not called: its limits are low. */
export const isRunName = (text: string): boolean => /^(schedule|event|http)-[0-9a-f]{32}$/.test(text);

/** A user or role may read its own runs, and those of schedules, events and hooks, which have no user or role. */
const mayRead = (caller: RequestedBy, { requestedBy }: RunStatus): boolean =>
	requestedBy === caller || (requestedBy !== undefined && !requestedBy.startsWith("iam:"));

/**
 * `GET /snapshots/{run}`: the state of a run and its targets.
 *
 * @param now epoch milliseconds
 * @throws ProblemError `run-not-found`; ServiceError
 */
export async function getRunStatus(runs: Runs, now: () => number, request: HttpRequest): Promise<HttpReply> {
	const run = request.path.slice(request.path.lastIndexOf("/") + 1);
	const caller = requireCaller(request);
	const status = isRunName(run) ? await runs.read(run) : undefined;
	if (status === undefined || !mayRead(caller, status)) {
		throw new ProblemError("run-not-found", {
			detail:
				"the run never was, or another caller asked for it, or its retention is over, or it was accepted a moment ago and is not listed yet",
		});
	}
	const body = JSON.stringify(toStatusBody(status));
	const etag = entityTag(body);
	const headers = {
		etag,
		"cache-control": "no-cache",
		...(status.status === "RUNNING" && { "retry-after": retryAfterOf(status, now()) }),
	};
	if (matchesEntityTag(request.headers["if-none-match"], etag)) return { status: 304, headers };
	return { status: 200, headers: { "content-type": "application/json", ...headers }, body };
}

/** The body of a status reply, and of a 202. */
export interface StatusBody {
	readonly run: string;
	readonly status: RunStatus["status"];
	readonly targets: readonly TargetProgress[];
	readonly reason?: Reason;
}

export function toStatusBody({ run, status, targets, reason }: RunStatus): StatusBody {
	return { run, status, targets: targets.map(toTarget), reason };
}

/** The documented fields in their order, whatever else a history holds. */
function toTarget(target: TargetProgress): TargetProgress {
	const { projectId, clusterName, state } = target;
	if (!isKnown(target)) return { projectId, clusterName, state: "PENDING" };
	const { provenance, snapshotId, requestedAt, expectedEndAt, endedAt, durationSeconds, reason, warnings } = target;
	return {
		projectId,
		clusterName,
		state,
		provenance,
		snapshotId,
		requestedAt,
		expectedEndAt,
		endedAt,
		durationSeconds,
		reason: reason && withoutArns(reason),
		warnings: warnings?.map(withoutArns),
	};
}

const isKnown = (target: TargetProgress): target is TargetStatus => target.state !== "PENDING";

/** A reason may hold a message of AWS; an ARN in it would tell the caller about the account. */
export const withoutArns = ({ code, message }: Reason): Reason => ({
	code,
	message: message.replace(/\barn:[\w-]+:[^\s"']*/g, "(an ARN)"),
});

/** Seconds; the last where the end is not expected. */
const [SHORTEST, LONGEST, LONGEST_UNKNOWN] = [2, 300, 30];

/**
 * Whole seconds until the client should ask again: half of the time left, where the end of every running target is
 * expected. Otherwise a quarter of the time that the run has lasted, so that the client sees the end at most a quarter
 * late.
 *
 * @param now epoch milliseconds
 */
export function retryAfterOf({ startedAt, targets }: Pick<RunStatus, "startedAt" | "targets">, now: number): string {
	const running = targets.filter(({ state }) => state === "STARTED" || state === "LATE" || state === "PENDING");
	const ends = running.map((target) => Date.parse((isKnown(target) && target.expectedEndAt) || ""));
	// NaN, and so not above 0, where an end is not expected.
	const left = ends.length === 0 ? 0 : (Math.max(...ends) - now) / 1000;
	const seconds =
		left > 0 ? Math.min(LONGEST, Math.ceil(left / 2)) : Math.min(LONGEST_UNKNOWN, Math.ceil((now - startedAt) / 4000));
	return String(Math.max(SHORTEST, seconds));
}

/** A strong validator: the same bytes give the same tag (RFC 9110 §8.8.3). */
const entityTag = (body: string): string => `"${createHash("sha256").update(body).digest("base64url").slice(0, 27)}"`;

/** @see RFC 9110 §13.1.2: weak comparison */
function matchesEntityTag(ifNoneMatch: string | undefined, tag: string): boolean {
	const listed = ifNoneMatch?.split(",").map((entry) => entry.trim().replace(/^W\//, "")) ?? [];
	return listed.includes(tag) || listed.includes("*");
}
