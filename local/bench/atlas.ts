import { spawn } from "node:child_process";
import { type Atlas, createAtlas } from "../../lambda/atlas/client.ts";
import type { Credentials } from "../../lambda/domain/credentials.ts";
import type { AtlasSimulator } from "../atlas/index.ts";
import { type Serving, serveChild } from "./process.ts";

/** A simulated Atlas in another process: where it is, how to get in, and what is there. */
export type RemoteAtlas = Pick<
	AtlasSimulator,
	"url" | "publicKey" | "privateKey" | "clientId" | "clientSecret" | "projectId" | "clusters"
>;

/** @param latency milliseconds before each reply; @param seconds that a snapshot takes */
export const serveAtlas = (clusters: number, latency: number, seconds = 0): Promise<Serving<RemoteAtlas>> =>
	serveChild("atlas.ts", [String(clusters), String(latency), String(seconds)]);

export const snapshotsUrl = ({ url, projectId }: RemoteAtlas, cluster: string): string =>
	`${url}/api/atlas/v2/groups/${projectId}/clusters/${cluster}/backup/snapshots`;

/** Requests since the last count. */
export async function countRequests({ url }: RemoteAtlas): Promise<number> {
	const log: unknown = await (await fetch(`${url}/_control/log`)).json();
	await fetch(`${url}/_control/log`, { method: "DELETE" });
	return Array.isArray(log) ? log.length : Number.NaN;
}

export function connect(remote: RemoteAtlas, scheme: "digest" | "oauth"): Atlas {
	const { url, publicKey, privateKey, clientId, clientSecret } = remote;
	const credentials: Credentials =
		scheme === "digest"
			? { kind: "api-key", publicKey, privateKey }
			: { kind: "service-account", clientId, clientSecret };
	return createAtlas({ baseUrl: url, readSecret: async () => credentials });
}

/** Takes a snapshot of every cluster, so many at once. */
export async function takeAll(atlas: Atlas, remote: RemoteAtlas, concurrency: number): Promise<void> {
	const waiting = remote.clusters.values();
	const take = async () => {
		for (const clusterName of waiting) {
			await atlas.takeSnapshot(
				{ projectId: remote.projectId, clusterName },
				{ description: "bench", retentionInDays: 1 },
			);
		}
	};
	await Promise.all(Array.from({ length: concurrency }, take));
}

/**
 * Takes a snapshot of every cluster by `xargs -P … curl --digest`.
 *
 * @throws Error where one is not taken
 */
export async function curlAll(remote: RemoteAtlas, concurrency: number): Promise<void> {
	const curl = [
		...["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}\\n"],
		...["--digest", "--user", `${remote.publicKey}:${remote.privateKey}`],
		...["--header", "Accept: application/vnd.atlas.2025-03-12+json"],
		...["--header", "Content-Type: application/vnd.atlas.2025-03-12+json"],
		...["--data", '{"description":"bench","retentionInDays":1}', "{}"],
	];
	const child = spawn("xargs", ["-P", String(concurrency), "-I", "{}", ...curl], {
		stdio: ["pipe", "pipe", "inherit"],
	});
	child.stdin.end(remote.clusters.map((cluster) => `${snapshotsUrl(remote, cluster)}\n`).join(""));
	let answers = "";
	for await (const chunk of child.stdout) answers += chunk;
	const taken = answers.split("\n").filter((status) => status === "200").length;
	if (taken < remote.clusters.length) throw new Error(`curl took ${taken} of ${remote.clusters.length} snapshots`);
}
