import { request as requestInClear } from "node:http";
import { request } from "node:https";

/** Milliseconds for a whole ping: the look is over, and waits for nothing longer. */
const PATIENCE = 5_000;

/**
 * Tells a service outside of the account how a look went: the URL itself where all is well, `/fail` behind its path
 * where not. The request carries no header but the host and a user agent, no body, and follows no redirect.
 *
 * @param url its path or query holds a token that lets anybody ping: it goes into no log
 * @returns why the ping failed, `undefined` where it was accepted; it never rejects
 * @see Healthchecks.io, Cronitor and Better Stack, "heartbeat" or "ping" URLs
 */
export function ping(url: string, allIsWell: boolean, patience = PATIENCE): Promise<string | undefined> {
	const target = new URL(url);
	if (!allIsWell) target.pathname = `${target.pathname.replace(/\/$/, "")}/fail`;
	const send = target.protocol === "https:" ? request : requestInClear;
	return new Promise((resolve) => {
		const options = {
			agent: false,
			headers: { "user-agent": "atlas-snapshots" },
			signal: AbortSignal.timeout(patience),
		};
		send(target, options, (reply) => {
			const { statusCode = 0 } = reply;
			reply.on("error", () => undefined).destroy();
			resolve(statusCode >= 200 && statusCode < 300 ? undefined : `status ${statusCode}`);
		})
			.on("error", (error) => resolve("code" in error ? String(error.code) : "no reply"))
			.end();
	});
}
