import { once } from "node:events";
import { needsIam } from "../lambda/triggers/http/routes.ts";
import { explainListenError } from "./cli/command.ts";
import { serveGateway } from "./gateway/server.ts";
import { isSignedBy, type SigningKeys } from "./gateway/sigv4.ts";
import type { LocalServices } from "./services.ts";
import type { Reporter } from "./terminal/reporter.ts";
import type { Screen } from "./terminal/screen.ts";
import { invokeTrigger } from "./trigger.ts";

/**
 * Serves the HTTP API until the signal.
 *
 * @param keys with which the routes that want IAM must be signed; without them anyone on this machine may call it
 * @throws UsageError where the port cannot be listened on
 */
export async function serve(
	port: number,
	keys: SigningKeys | undefined,
	{ simulator }: LocalServices,
	screen: Screen,
	reporter: Reporter,
	ended: AbortSignal,
): Promise<void> {
	const gateway = await serveGateway({
		port,
		invoke: (event) => invokeTrigger(event),
		onReply: (method, path, status) => reporter.write("http", `${method} ${path}: ${status}`),
		authorize: (request) =>
			!keys || !needsIam(request.method, request.path) || isSignedBy(request, keys, ["execute-api"], Date.now()),
	}).catch((error: unknown) => {
		throw explainListenError(error, port);
	});
	const { projectId = "PROJECT", clusters = ["CLUSTER"] } = simulator ?? {};
	const request = JSON.stringify({ projectId, clusters: clusters.slice(0, 1) });
	screen.line(`The HTTP API listens at ${gateway.url} until Ctrl-C. Take a snapshot:\n`);
	const words = [
		"curl -i",
		...(keys ? SIGN : []),
		`${gateway.url}/snapshots`,
		"-H 'content-type: application/json'",
		`-d '${request}'`,
	];
	const line = `  ${words.join(" ")}`;
	// To be copied as one command, also where it takes several lines.
	for (const part of line.length <= screen.columns() ? [line] : `  ${words.join(" \\\n    ")}`.split("\n"))
		screen.line(part);
	screen.line("");
	await whenAborted(ended);
	await gateway.close();
}

export async function whenAborted(signal: AbortSignal): Promise<undefined> {
	if (!signal.aborted) await once(signal, "abort");
	return undefined;
}

const SIGN = ["--aws-sigv4 aws:amz:us-east-1:execute-api", '-u "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"'];
