import DigestClient from "digest-fetch";
import peer from "mongodb-atlas-api-client";
import { connect, countRequests, curlAll, type RemoteAtlas, serveAtlas, snapshotsUrl, takeAll } from "./atlas.ts";
import { rounded } from "./statistics.ts";

const TARGETS = 100;
/** The package is CommonJS, and its types tell of an ES module. */
const getClient = peer as unknown as typeof peer.default;
/** How many of the targets are under way at once. */
const CONCURRENCY = 50;

export interface Requests {
	/** Requests a snapshot, challenges and tokens included, when a hundred are taken. */
	readonly digestPerSnapshot: number;
	readonly oauthPerSnapshot: number;
	readonly peers: Readonly<Record<string, number>>;
}

export async function requests(): Promise<Requests> {
	await using atlas = await serveAtlas(TARGETS, 0);
	const remote = atlas.hello;
	const count = async (work: () => Promise<unknown>) => {
		await work();
		return rounded((await countRequests(remote)) / TARGETS);
	};
	const ours = (scheme: "digest" | "oauth") => async () => {
		const client = connect(remote, scheme);
		await takeAll(client, remote, CONCURRENCY);
		await client.close();
	};
	await countRequests(remote);
	return {
		digestPerSnapshot: await count(ours("digest")),
		oauthPerSnapshot: await count(ours("oauth")),
		peers: {
			"mongodb-atlas-api-client": await count(() => readAllByPeer(remote)),
			"digest-fetch": await count(() => takeAllByDigestFetch(remote)),
			"curl --digest": await count(() => curlAll(remote, CONCURRENCY)),
		},
	};
}

/** The client knows no on-demand snapshots; a list of them costs what taking one would. */
async function readAllByPeer(remote: RemoteAtlas): Promise<void> {
	const { url, publicKey, privateKey, projectId, clusters } = remote;
	const client = getClient({ publicKey, privateKey, projectId, baseUrl: `${url}/api/atlas/v2` });
	// The types don't know of `httpOptions`, without which Atlas would refuse the media type.
	const options = { pretty: false, httpOptions: { headers: { accept: "application/vnd.atlas.2025-03-12+json" } } };
	await inTurns(clusters, async (cluster) => {
		await client.cloudBackup.getAllReplicaSetCloudBackups(cluster, options);
	});
}

async function takeAllByDigestFetch(remote: RemoteAtlas): Promise<void> {
	const client = new DigestClient(remote.publicKey, remote.privateKey);
	const type = "application/vnd.atlas.2025-03-12+json";
	await inTurns(remote.clusters, async (cluster) => {
		const reply = await client.fetch(snapshotsUrl(remote, cluster), {
			method: "POST",
			headers: { accept: type, "content-type": type },
			body: JSON.stringify({ description: "bench", retentionInDays: 1 }),
		});
		await reply.text();
	});
}

async function inTurns(clusters: readonly string[], work: (cluster: string) => Promise<void>): Promise<void> {
	const waiting = clusters.values();
	const one = async () => {
		for (const cluster of waiting) await work(cluster);
	};
	await Promise.all(Array.from({ length: CONCURRENCY }, one));
}
