import { fromAtlasCode } from "../../domain/atlas-error-codes.ts";
import { errorInfo } from "../../domain/error-table.ts";
import { ServiceError } from "../../domain/errors.ts";
import type { TargetStatus } from "../../domain/outcome.ts";
import type { RunStatus } from "../../executions/status.ts";
import { ProblemError } from "./problem.ts";
import { toStatusBody, withoutArns } from "./run-status.ts";

export interface Clock {
	/** Epoch milliseconds. */
	readonly now: () => number;
	readonly pause: (milliseconds: number) => Promise<void>;
}

/**
 * Milliseconds before each read but the last, which is made when the time is up. Concurrent callers share no cache: with
 * three reads each and the API's default rate of 5 calls a second, they stay within the 15 histories a second that AWS
 * allows per account and region.
 */
const PAUSES_MS = [1500, 4000];

/**
 * Reads a run until every target has started or ended, or the time is up. A read that fails transiently is ignored: the run
 * is already accepted.
 *
 * @param until epoch milliseconds
 * @returns the last status read; `undefined` if no read succeeded
 */
export async function waitForStart(
	read: () => Promise<RunStatus | undefined>,
	until: number,
	clock: Clock,
): Promise<RunStatus | undefined> {
	let last: RunStatus | undefined;
	for (let reads = 0; reads <= PAUSES_MS.length; reads++) {
		const left = until - clock.now();
		if (left <= 0) return last;
		await clock.pause(Math.min(PAUSES_MS[reads] ?? left, left));
		try {
			last = (await read()) ?? last;
		} catch (error) {
			if (!(error instanceof ServiceError && error.transient)) throw error;
		}
		if (last && hasStarted(last)) return last;
	}
	return last;
}

const hasStarted = ({ status, targets }: RunStatus): boolean =>
	status !== "RUNNING" || (targets.length > 0 && targets.every(({ state }) => state !== "PENDING"));

/** @returns the problem of a run whose targets were all refused; `undefined` for any other run */
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
	const httpStatus = statusOf(code);
	return new ProblemError("atlas-refused", {
		status: httpStatus,
		detail: `${first.clusterName}: ${message}${others}`,
		extensions: { code, run, targets },
		headers: { location, ...(httpStatus === 503 && { "retry-after": "60" }) },
	});
}

/** @param code of this service, or Atlas's own; an unknown one is 422 (RFC 9110 §15.5.21) */
const statusOf = (code: string): number => errorInfo(fromAtlasCode(code) ?? code)?.httpStatus ?? 422;

const isRefused = (target: RunStatus["targets"][number]): target is TargetStatus => target.state === "REFUSED";
