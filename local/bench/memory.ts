import { join } from "node:path";
import { serveAtlas } from "./atlas.ts";
import { runChild } from "./process.ts";

export interface Memory {
	/** Peak of the process in which the deployed durable bundle is alone, carrying a hundred targets at once. */
	readonly rssMb: number;
	/** Peak of the process with the local runner and the stand-ins, which Lambda does not have. */
	readonly runnerMb: number;
}

/** @param deployed folder of the durable function's bundle */
export async function memory(deployed: string, targets: number): Promise<Memory> {
	await using atlas = await serveAtlas(targets, 0, 4);
	const { url, projectId, clientId, clientSecret } = atlas.hello;
	const keys = JSON.stringify({ clientId, clientSecret });
	const bundle = join(deployed, "index.mjs");
	// Awaited here: Atlas closes with the return.
	return await runChild<Memory>("carry-many.ts", [bundle, url, projectId, keys, String(targets)]);
}
