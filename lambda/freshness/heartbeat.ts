import Pool from "undici/lib/dispatcher/pool.js";

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
export async function ping(url: string, allIsWell: boolean, patience = PATIENCE): Promise<string | undefined> {
	const { origin, pathname, search } = new URL(url);
	const path = `${allIsWell ? pathname : `${pathname.replace(/\/$/, "")}/fail`}${search}`;
	const pool = new Pool(origin, { allowH2: false, connect: { timeout: patience } });
	try {
		const { statusCode, body } = await pool.request({
			method: "GET",
			path,
			headers: { "user-agent": "atlas-snapshots" },
			signal: AbortSignal.timeout(patience),
		});
		body.on("error", () => undefined).destroy();
		return statusCode >= 200 && statusCode < 300 ? undefined : `status ${statusCode}`;
	} catch (error) {
		return error instanceof Error && "code" in error ? String(error.code) : "no reply";
	} finally {
		await pool.destroy();
	}
}
