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
