import { type Atlas, type AtlasClientOptions, createAtlas } from "../../lambda/atlas/client.ts";
import type { Credentials } from "../../lambda/domain/credentials.ts";
import { AtlasError, type AtlasFault } from "../../lambda/domain/errors.ts";
import type { Target } from "../../lambda/domain/outcome.ts";
import { type AtlasOptions, type AtlasSimulator, startAtlas } from "../../local/atlas/index.ts";

export const SCHEMES = ["digest", "oauth"] as const;
export type Scheme = (typeof SCHEMES)[number];

export const REQUEST = { description: "before release 42", retentionInDays: 7 } as const;

/** The newest keys of a simulated Atlas, as a secret would bring them. */
const keysOf = (simulator: AtlasSimulator, scheme: Scheme): Credentials =>
	scheme === "digest"
		? { kind: "api-key", publicKey: simulator.publicKey, privateKey: simulator.privateKey }
		: { kind: "service-account", clientId: simulator.clientId, clientSecret: simulator.clientSecret };

export interface AtlasClientHarness extends AsyncDisposable {
	readonly simulator: AtlasSimulator;
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
export async function startAtlasClient(
	scheme: Scheme,
	options: AtlasOptions = {},
	client: Partial<AtlasClientOptions> = {},
): Promise<AtlasClientHarness> {
	const simulator = await startAtlas(options);
	const reads = { count: 0 };
	const waits: number[] = [];
	let kept = keysOf(simulator, scheme);
	const atlas = createAtlas({
		baseUrl: simulator.url,
		readSecret: async (refused) => {
			if (refused !== undefined && refused === kept) {
				reads.count += 1;
				kept = keysOf(simulator, scheme);
			}
			return kept;
		},
		now: () => simulator.state.now(),
		wait: async (milliseconds) => {
			waits.push(milliseconds);
			simulator.state.advance(milliseconds / 1000);
		},
		...client,
	});
	const targets = simulator.clusters.map((clusterName) => ({ projectId: simulator.projectId, clusterName }));
	const [target = { projectId: simulator.projectId, clusterName: "none" }] = targets;
	return {
		simulator,
		atlas,
		targets,
		target,
		reads,
		waits,
		async [Symbol.asyncDispose]() {
			await simulator.close();
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
