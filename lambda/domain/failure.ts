import { AtlasError, ServiceError } from "./errors.ts";
import type { Reason } from "./outcome.ts";

/** A failed request as plain data: a checkpoint keeps only an error's name and message. */
export interface Failure {
	readonly reason: Reason;
	/** The code of the closed vocabulary, also where `reason.code` is Atlas's own. */
	readonly code: string;
	/** `again`: it may succeed later. `never`: it would fail again. */
	readonly retry: "again" | "never";
	/** Whether Atlas may have executed the request all the same. */
	readonly executed: "no" | "unknown";
	/** Whether Atlas itself answered, and not a fault of its own (5xx), a proxy, or nobody. */
	readonly answered: boolean;
	/** Whether the answer is 401 or 403: it may pass. */
	readonly refused: boolean;
	/** From Retry-After. */
	readonly retryAfterSeconds?: number;
}

/** Classifies what a port rejected with. An error outside the vocabulary is a defect, and leaves the request in doubt. */
export function classifyFailure(error: unknown): Failure {
	if (error instanceof AtlasError) {
		const { code, errorCode, blame, executed, status, retryAfterSeconds } = error.fault;
		return {
			reason: {
				code: errorCode === undefined || errorCode === AMBIGUOUS_CODE ? code : errorCode,
				message: short(error.message),
			},
			code,
			retry: blame === "transient" ? "again" : "never",
			executed,
			answered: status !== undefined && status < 500 && status !== 408 && code !== "ATLAS_UNREADABLE",
			refused: status === 401 || status === 403,
			...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
		};
	}
	if (error instanceof ServiceError) {
		return {
			reason: { code: error.name, message: short(error.message) },
			code: error.name,
			retry: error.transient ? "again" : "never",
			executed: error.executed,
			answered: false,
			refused: false,
		};
	}
	const name = error instanceof Error ? error.name : "Error";
	return {
		reason: { code: "UNEXPECTED", message: `an unexpected ${name} was raised; see the function's log` },
		code: "UNEXPECTED",
		retry: "again",
		executed: "unknown",
		answered: false,
		refused: false,
	};
}

/** Atlas sends it both for a wrong key (401) and for its own faults (500). */
const AMBIGUOUS_CODE = "UNEXPECTED_ERROR";

/** A checkpoint holds many reasons: each is cut to so many characters. */
const REASON_LENGTH = 500;
const short = (message: string): string =>
	message.length <= REASON_LENGTH ? message : `${message.slice(0, REASON_LENGTH - 1)}…`;

/** Refusals in a row of one kind of request: how many, and since when (epoch milliseconds). */
export interface Refusals {
	readonly count: number;
	readonly since: number;
}

export const noRefusals: Refusals = { count: 0, since: 0 };

/**
 * Seconds between a refusal and the next try: three refusals then lie more than two minutes apart, and a lasting one is
 * reported within five.
 */
export const REFUSAL_PAUSE_SECONDS = 62;

const LASTING_COUNT = 3;
const LASTING_MS = 2 * 60_000;
/** From the first refusal; the rest of five minutes is for replies. */
const REPORTED_MS = 270_000;

/**
 * Counts a refusal (401 or 403). Atlas is known to send single false ones between good replies, so a single one
 * says nothing about keys, roles or access lists.
 */
export const afterRefusal = ({ count, since }: Refusals, at: number): Refusals => ({
	count: count + 1,
	since: count === 0 ? at : since,
});

/** Whether refusals came three times over at least two minutes: then they are taken for what they say. */
export const isLastingRefusal = ({ count, since }: Refusals, at: number): boolean =>
	count >= LASTING_COUNT && at - since >= LASTING_MS;

/** Epoch milliseconds by which a lasting refusal is to be reported, also if a lookup is still due; from `now` on if there was none. */
export const refusalReportTime = (each: readonly Refusals[], now: number): number =>
	REPORTED_MS + Math.min(now, ...each.filter(({ count }) => count > 0).map(({ since }) => since));
