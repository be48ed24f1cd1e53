import { readErrorBody } from "./error-body.ts";
import type { Reply } from "./wire.ts";

/** Atlas's three-part `parameters` of older limits tell path, requests and minutes: no wait among them. */
const OLDER_LIMIT_PARAMETERS = 3;

/**
 * How long Atlas asks to wait: `Retry-After`, in seconds or as a date, else `parameters[1]` of a token bucket's 429.
 *
 * @param now epoch milliseconds
 * @returns whole seconds, 1 or more, or `undefined` where it does not say
 * @see RFC 9110 §10.2.3; Atlas documentation, "API Rate Limiting"
 */
export function retryAfterSeconds(reply: Reply, now: number): number | undefined {
	if (reply.status !== 429 && reply.status < 500) return undefined;
	const seconds =
		readField(reply.headers["retry-after"], now) ?? (reply.status === 429 ? readParameter(reply) : undefined);
	// Atlas is known to ask for a wait of no seconds: that is no answer to the question how long.
	return seconds === 0 ? undefined : seconds;
}

function readField(field: string | undefined, now: number): number | undefined {
	const text = field?.trim();
	if (text === undefined) return undefined;
	if (/^\d{1,9}$/.test(text)) return Number(text);
	// IMF-fixdate (RFC 9110 §5.6.7); Date.parse would take much more than that.
	if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return undefined;
	const at = Date.parse(text);
	return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now) / 1000));
}

function readParameter(reply: Reply): number | undefined {
	const parameters = readErrorBody(reply)?.parameters ?? [];
	if (parameters.length === OLDER_LIMIT_PARAMETERS) return undefined;
	const seconds = Number(parameters[1] ?? Number.NaN);
	return Number.isFinite(seconds) && seconds >= 0 ? Math.ceil(seconds) : undefined;
}
