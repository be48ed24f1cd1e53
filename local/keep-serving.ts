import { once } from "node:events";
import { needsIam } from "../lambda/http/index-page.ts";
import { UsageError } from "./cli/usage-error.ts";
import { feedTrigger } from "./feed.ts";
import { serveGateway } from "./gateway/serve.ts";
import { isSignedBy, type SigningKeys } from "./gateway/sigv4.ts";
import type { Screen } from "./narrate/screen.ts";
import type { Story } from "./narrate/story.ts";
import type { World } from "./world.ts";

/**
 * Keeps the HTTP face open until it is told to end.
 *
 * @param keys with which the routes that want IAM must be signed; without them anyone on this machine may call it
 * @throws UsageError where the port cannot be listened on
 */
export async function keepServing(
	port: number,
	keys: SigningKeys | undefined,
	world: World,
	screen: Screen,
	story: Story,
	ended: AbortSignal,
): Promise<void> {
	const gateway = await serveGateway({
		port,
		feed: (event) => feedTrigger(event),
		hear: (method, path, status) => story.tell("http", `${method} ${path}: ${status}`),
		...(keys && {
			authorize: (request) =>
				!needsIam(request.method, request.path) || isSignedBy(request, keys, ["execute-api"], Date.now()),
		}),
	}).catch((error: unknown) => {
		const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
		throw new UsageError(`--port must be one that this program may listen on (${code})`);
	});
	const { projectId = "PROJECT", clusters = ["CLUSTER"] } = world.simulator ?? {};
	const request = JSON.stringify({ projectId, clusters: clusters.slice(0, 1) });
	screen.line(`The HTTP face listens at ${gateway.url} until Ctrl-C. Take a snapshot:\n`);
	screen.line(
		`  curl -i ${keys ? SIGN : ""}${gateway.url}/snapshots -H 'content-type: application/json' -d '${request}'\n`,
	);
	await whenAborted(ended);
	await gateway.close();
}

export async function whenAborted(signal: AbortSignal): Promise<undefined> {
	if (!signal.aborted) await once(signal, "abort");
	return undefined;
}

const SIGN = `--aws-sigv4 aws:amz:us-east-1:execute-api -u "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" `;
