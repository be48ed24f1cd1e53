import { ServiceError } from "../../domain/errors.ts";
import type { TargetStatus } from "../../domain/outcome.ts";
import type { RunStatus } from "../../executions/status.ts";
import { ProblemError } from "./problem.ts";
import { toStatusBody, withoutArns } from "./run-status.ts";

/** Time as the face sees it. */
export interface Clock {
	/** Epoch milliseconds. */
	readonly now: () => number;
	readonly pause: (milliseconds: number) => Promise<void>;
}

/**
 * Milliseconds before each look but the last, which is when time is up. Callers wait in sandboxes of their own, which
 * cannot share what they read: so each reads three times at most, and at the API's default rate of 5 callers a second
 * together no more than the 15 histories a second that AWS allows an account and region.
 */
const PAUSES_MS = [1500, 4000];

/**
 * Follows a run until every target is at least started or has ended, or time is up. A reading that fails for now is
 * left out: the run was accepted, and that stays true.
 *
 * @param until epoch milliseconds
 * @returns the last reading; `undefined` where none succeeded
 */
export async function waitForStart(
	read: () => Promise<RunStatus | undefined>,
	until: number,
	clock: Clock,
): Promise<RunStatus | undefined> {
	let last: RunStatus | undefined;
	for (let looks = 0; looks <= PAUSES_MS.length; looks++) {
		const left = until - clock.now();
		if (left <= 0) return last;
		await clock.pause(Math.min(PAUSES_MS[looks] ?? left, left));
		last = (await orNothing(read)) ?? last;
		if (last && hasStarted(last)) return last;
	}
	return last;
}

const hasStarted = ({ status, targets }: RunStatus): boolean =>
	status !== "RUNNING" || (targets.length > 0 && targets.every(({ state }) => state !== "PENDING"));

async function orNothing<T>(read: () => Promise<T>): Promise<T | undefined> {
	try {
		return await read();
	} catch (error) {
		if (error instanceof ServiceError && error.transient) return undefined;
		throw error;
	}
}

/**
 * What a refusal means to the caller, by Atlas's `errorCode` or ours. Refused keys, roles and addresses are 502, not 401
 * or 403: they are this service's, not the caller's.
 */
const MEANINGS: readonly (readonly [status: number, codes: RegExp])[] = [
	[404, /^(ATLAS_)?(CLUSTER|GROUP|PROJECT|RESOURCE)?_?NOT_FOUND$|^INVALID_GROUP_ID$/],
	[409, /^UNFINISHED_ON_DEMAND_SNAPSHOT$|SNAPSHOT_RUNNING$|PAUSED_CLUSTER$|CLUSTER_PAUSED$|CONFLICT/],
	[402, /BILLING|PAYMENT|ACCOUNT_SUSPENDED/],
	[503, /RATE_LIMITED|UPGRAD|^SERVICE_UNAVAILABLE$/],
	[502, /^ATLAS_(KEY|ROLE|PROJECT_FOREIGN|ADDRESS|FORBIDDEN|UNREACHABLE|NO_REPLY|UNREADABLE|FAULT|VERSION)/],
	[502, /^(UNEXPECTED_ERROR|USER_UNAUTHORIZED|USER_CANNOT_ACCESS_GROUP|NOT_IN_GROUP|ACCESS_FORBIDDEN|VERSION_GONE)$/],
	[502, /ACCESS_LIST|WHITELIST|^SECRET_|^invalid_client$|^UNEXPECTED$|^INTERRUPTED$/],
];

/** The request is sound in form, and Atlas won't have it (RFC 9110 §15.5.21). */
const OTHERWISE = 422;

/** @returns the problem to tell where every target of a run was refused; `undefined` where one was not */
export function toRefusal(status: RunStatus, location: string): ProblemError | undefined {
	const refused = status.targets.filter(isRefused);
	const [first] = refused;
	if (first === undefined || refused.length < status.targets.length) return undefined;
	const { run, targets } = toStatusBody({ ...status, targets: refused });
	const { code, message } = withoutArns(first.reason ?? { code: "UNKNOWN", message: "no reason is known" });
	if (code === "NOT_ALLOWED") {
		const errors = [{ pointer: "/clusters", detail: message }];
		return new ProblemError("not-allowed", { detail: message, errors, headers: { location } });
	}
	const others = refused.length > 1 ? `; and ${refused.length - 1} more, see targets` : "";
	const meaning = meaningOf(code);
	return new ProblemError("atlas-refused", {
		status: meaning,
		detail: `${first.clusterName}: ${message}${others}`,
		extensions: { code, run, targets },
		headers: { location, ...(meaning === 503 && { "retry-after": "60" }) },
	});
}

const meaningOf = (code: string): number => MEANINGS.find(([, codes]) => codes.test(code))?.[0] ?? OTHERWISE;

const isRefused = (target: RunStatus["targets"][number]): target is TargetStatus => target.state === "REFUSED";
