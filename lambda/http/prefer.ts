/** Seconds; API Gateway gives up after 30. */
const MAX_WAIT_SECONDS = 20;

/**
 * Reads how long the caller would like the reply to be held back. A wish that is malformed is no wish, and a longer one
 * than {@link MAX_WAIT_SECONDS} is granted in part: a preference is never an error.
 *
 * @returns whole seconds; 0 where there is no such wish
 * @see RFC 7240 §2 (the first of several counts), §4.3 (wait)
 */
export function readWait(prefer: string | undefined): number {
	for (const preference of prefer?.split(",") ?? []) {
		const [name = "", value = ""] = (preference.split(";")[0] ?? "").split("=");
		if (name.trim().toLowerCase() !== "wait") continue;
		const seconds = /^"?(\d{1,9})"?$/.exec(value.trim())?.[1];
		return seconds === undefined ? 0 : Math.min(Number(seconds), MAX_WAIT_SECONDS);
	}
	return 0;
}
