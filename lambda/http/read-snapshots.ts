import type { RequestedBy } from "../domain/run.ts";
import type { Engine } from "../engine/engine.ts";
import type { RunStatus } from "../engine/run-status.ts";
import { callerOf } from "./caller.ts";
import { ProblemError } from "./problem.ts";
import type { HttpReply, HttpRequest } from "./request.ts";
import { entityTag, matchesTag, retryAfter, toStatusBody } from "./status-body.ts";

/** Whether the text is what `nameRun` makes: nothing else is worth a question to AWS, whose limits are low. */
export const isRunName = (text: string): boolean => /^(schedule|event|http)-[0-9a-f]{32}$/.test(text);

/**
 * A user or role reads its own runs, and those that no user or role asked for: schedules, events and hooks have nobody
 * who could. The run of another user or role is as if it were not there.
 */
const mayRead = (caller: RequestedBy, { requestedBy }: RunStatus): boolean =>
	requestedBy === caller || (requestedBy !== undefined && !requestedBy.startsWith("iam:"));

/**
 * `GET /snapshots/{run}`: where a run stands, as the durable engine tells it.
 *
 * @param now epoch milliseconds
 * @throws ProblemError `run-not-found`; ServiceError
 */
export async function readSnapshots(engine: Engine, now: () => number, request: HttpRequest): Promise<HttpReply> {
	const run = request.path.slice(request.path.lastIndexOf("/") + 1);
	const caller = callerOf(request);
	const status = isRunName(run) ? await engine.read(run) : undefined;
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
		...(status.status === "RUNNING" && { "retry-after": retryAfter(status, now()) }),
	};
	if (matchesTag(request.headers["if-none-match"], etag)) return { status: 304, headers };
	return { status: 200, headers: { "content-type": "application/json", ...headers }, body };
}
