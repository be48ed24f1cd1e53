import { createHash } from "node:crypto";
import type { Reason, TargetStatus } from "../../domain/outcome.ts";
import type { RequestedBy } from "../../domain/run.ts";
import type { Runs } from "../../executions/runs.ts";
import type { RunStatus, TargetProgress } from "../../executions/status.ts";
import { ProblemError } from "./problem.ts";
import { type HttpReply, type HttpRequest, requireCaller } from "./request.ts";

/** Whether `nameRun` makes such names. For others AWS is not called: its rate limits are low. */
export const isRunName = (text: string): boolean => /^(schedule|event|http)-[0-9a-f]{32}$/.test(text);

/** An IAM caller may read its own runs, and those of schedules, events and hooks. */
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
export const toStatusBody = ({ run, status, targets, reason }: RunStatus) => ({
	run,
	status,
	targets: targets.map(toTarget),
	reason,
});

/** Only the documented fields: a history may hold others. */
function toTarget(target: TargetProgress): TargetProgress {
	const { projectId, clusterName, state } = target;
	if (!hasState(target)) return { projectId, clusterName, state: "PENDING" };
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

const hasState = (target: TargetProgress): target is TargetStatus => target.state !== "PENDING";

/** A message of AWS may hold ARNs, which describe the account. */
export const withoutArns = ({ code, message }: Reason): Reason => ({
	code,
	message: message.replace(/\barn:[\w-]+:[^\s"']*/g, "(an ARN)"),
});

/** Seconds of `Retry-After`. */
const MIN_SECONDS = 2;
const MAX_SECONDS = 300;
const MAX_SECONDS_WITHOUT_EXPECTATION = 30;

/**
 * `Retry-After` in whole seconds: half of the remaining time if the end of every running target is expected. Otherwise a
 * quarter of the run's duration so far, so that the client sees the end at most a quarter late.
 *
 * @param now epoch milliseconds
 */
export function retryAfterOf({ startedAt, targets }: Pick<RunStatus, "startedAt" | "targets">, now: number): string {
	const running = targets.filter(({ state }) => state === "STARTED" || state === "LATE" || state === "PENDING");
	const ends = running.map((target) => Date.parse((hasState(target) && target.expectedEndAt) || ""));
	// NaN if an end is not expected.
	const left = ends.length === 0 ? 0 : (Math.max(...ends) - now) / 1000;
	const seconds =
		left > 0
			? Math.min(MAX_SECONDS, Math.ceil(left / 2))
			: Math.min(MAX_SECONDS_WITHOUT_EXPECTATION, Math.ceil((now - startedAt) / 4000));
	return String(Math.max(MIN_SECONDS, seconds));
}

/** A strong validator: the same bytes give the same tag (RFC 9110 §8.8.3). */
const entityTag = (body: string): string => `"${createHash("sha256").update(body).digest("base64url").slice(0, 27)}"`;

/** @see RFC 9110 §13.1.2: weak comparison */
function matchesEntityTag(ifNoneMatch: string | undefined, tag: string): boolean {
	const listed = ifNoneMatch?.split(",").map((entry) => entry.trim().replace(/^W\//, "")) ?? [];
	return listed.includes(tag) || listed.includes("*");
}
