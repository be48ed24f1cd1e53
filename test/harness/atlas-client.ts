import { type Atlas, type AtlasClientOptions, createAtlas } from "../../lambda/atlas/client.ts";
import type { Credentials } from "../../lambda/aws/credentials.ts";
import { AtlasError, type AtlasFault } from "../../lambda/domain/errors.ts";
import type { Target } from "../../lambda/domain/outcome.ts";
import { type AtlasOptions, type AtlasSimulator, startAtlas } from "../../local/atlas/index.ts";

export const SCHEMES = ["digest", "oauth"] as const;
export type Scheme = (typeof SCHEMES)[number];

export const REQUEST = { description: "before release 42", retentionInDays: 7 } as const;

/** The newest keys of a simulated Atlas, as a secret would bring them. */
const keysOf = (sim: AtlasSimulator, scheme: Scheme): Credentials =>
	scheme === "digest"
		? { kind: "api-key", publicKey: sim.publicKey, privateKey: sim.privateKey }
		: { kind: "service-account", clientId: sim.clientId, clientSecret: sim.clientSecret };

export interface Rig extends AsyncDisposable {
	readonly sim: AtlasSimulator;
	readonly atlas: Atlas;
	/** Clusters that take snapshots. */
	readonly targets: readonly Target[];
	readonly target: Target;
	/** How often the secret was read beyond the cache. */
	readonly reads: { count: number };
	/** Milliseconds that the client waited, by its own account. */
	readonly waits: number[];
}

/** A simulated Atlas, and a client of it whose clock and waits are the simulator's. */
export async function rig(
	scheme: Scheme,
	options: AtlasOptions = {},
	client: Partial<AtlasClientOptions> = {},
): Promise<Rig> {
	const sim = await startAtlas(options);
	const reads = { count: 0 };
	const waits: number[] = [];
	let kept = keysOf(sim, scheme);
	const atlas = createAtlas({
		baseUrl: sim.url,
		readSecret: async (refused) => {
			if (refused !== undefined && refused === kept) {
				reads.count += 1;
				kept = keysOf(sim, scheme);
			}
			return kept;
		},
		now: () => sim.world.now(),
		wait: async (milliseconds) => {
			waits.push(milliseconds);
			sim.world.advance(milliseconds / 1000);
		},
		...client,
	});
	const targets = sim.clusters.map((clusterName) => ({ projectId: sim.projectId, clusterName }));
	const [target = { projectId: sim.projectId, clusterName: "none" }] = targets;
	return {
		sim,
		atlas,
		targets,
		target,
		reads,
		waits,
		async [Symbol.asyncDispose]() {
			await sim.close();
			await atlas.close();
		},
	};
}

/** The error of a call that has to fail. */
export async function failureOf(work: Promise<unknown>): Promise<AtlasError> {
	const error: unknown = await work.then(
		() => new Error("the call succeeded"),
		(reason: unknown) => reason,
	);
	if (error instanceof AtlasError) return error;
	throw new Error("the call did not fail with an AtlasError", { cause: error });
}

export const faultOf = async (work: Promise<unknown>): Promise<AtlasFault> => (await failureOf(work)).fault;
