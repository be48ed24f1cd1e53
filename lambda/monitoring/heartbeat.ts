import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";

const TIMEOUT_MS = 5_000;

/**
 * Reports the result of a check to a service outside the AWS account: requests the URL itself if all is well, else its path
 * with `/fail`. The request has no body, no headers but host and user agent, and follows no redirect.
 *
 * @param url its path or query holds a token that lets anybody ping, so it must not be logged
 * @returns why the ping failed; `undefined` if it was accepted. It never rejects
 * @see Healthchecks.io, Cronitor and Better Stack, "heartbeat" or "ping" URLs
 */
export function sendHeartbeat(url: string, allIsWell: boolean, timeoutMs = TIMEOUT_MS): Promise<string | undefined> {
	const target = new URL(url);
	if (!allIsWell) target.pathname = `${target.pathname.replace(/\/$/, "")}/fail`;
	const send = target.protocol === "https:" ? httpsRequest : httpRequest;
	return new Promise((resolve) => {
		const options = {
			agent: false,
			headers: { "user-agent": "atlas-snapshots" },
			signal: AbortSignal.timeout(timeoutMs),
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
