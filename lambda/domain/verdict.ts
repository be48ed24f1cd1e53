import { AtlasError, ServiceError } from "./errors.ts";
import type { Reason } from "./outcome.ts";

/** What a failed request means for the story: values, because a checkpoint keeps no more of an error than its name. */
export interface Verdict {
	readonly reason: Reason;
	/** The code of the closed vocabulary, also where `reason.code` is Atlas's own. */
	readonly code: string;
	/** `again`: time may cure it. `never`: asking again would not help. */
	readonly retry: "again" | "never";
	/** Whether Atlas may have carried the request out all the same. */
	readonly executed: "no" | "unknown";
	/** Whether Atlas itself answered, and not a fault of its own (5xx), a proxy, or nobody. */
	readonly answered: boolean;
	/** Whether the answer is 401 or 403: it may pass (see `refusals.ts`). */
	readonly refused: boolean;
	/** Seconds that Atlas asks to wait. */
	readonly retryAfterSeconds?: number;
}

/** Judges whatever a port rejected with. What is not of our vocabulary is a defect of ours, and leaves the request in doubt. */
export function judge(error: unknown): Verdict {
	if (error instanceof AtlasError) {
		const { code, errorCode, blame, executed, status, retryAfterSeconds } = error.fault;
		return {
			reason: {
				code: errorCode === undefined || errorCode === UNTELLING ? code : errorCode,
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

/** Atlas sends it with a wrong key (401) and with its own faults (500) alike, so it tells nothing apart. */
const UNTELLING = "UNEXPECTED_ERROR";

/** A checkpoint holds many reasons: each is cut to so many characters. */
const REASON_LENGTH = 500;
const short = (message: string): string =>
	message.length <= REASON_LENGTH ? message : `${message.slice(0, REASON_LENGTH - 1)}…`;
