import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createFaultPlan, type FaultPlan } from "./api/faults.ts";
import { createAtlasServer, type RequestRecord } from "./api/server.ts";
import { refusalOf } from "./state/snapshots.ts";
import { type AtlasState, type AtlasStateOptions, createState } from "./state/state.ts";

export type { Fault } from "./api/faults.ts";
export type { Role } from "./state/model.ts";
export { takeSnapshot, viewSnapshot } from "./state/snapshots.ts";

export interface AtlasOptions extends AtlasStateOptions {
	/** Default 0: any free one. */
	readonly port?: number;
	/** Seconds from `queued` to `completed`, default 4; short for `settings.snapshotSeconds`. */
	readonly snapshotSeconds?: number;
	/** Seconds for which an idle connection is kept, default 60. */
	readonly keepAliveSeconds?: number;
}

/** An Atlas on loopback. */
export interface AtlasSimulator extends AsyncDisposable {
	/** `http://127.0.0.1:PORT`, without a slash at the end. */
	readonly url: string;
	/** The newest keys; see `state.rotateKeys`. */
	readonly publicKey: string;
	readonly privateKey: string;
	readonly clientId: string;
	readonly clientSecret: string;
	/** The first project. */
	readonly projectId: string;
	/** Those of its clusters that take on-demand snapshots, by name. */
	readonly clusters: readonly string[];
	readonly state: AtlasState;
	/** Every request but those to `/_control`, in the order of arrival. */
	readonly log: readonly RequestRecord[];
	readonly faults: FaultPlan;
	/** Closes the connections that idle, as a server does while a client is frozen. */
	closeIdleConnections(): void;
	close(): Promise<void>;
}

/** Starts a simulated Atlas on 127.0.0.1. */
export async function startAtlas(options: AtlasOptions = {}): Promise<AtlasSimulator> {
	const { snapshotSeconds, settings, keepAliveSeconds = 60 } = options;
	const state = createState({
		...options,
		settings: snapshotSeconds === undefined ? settings : { snapshotSeconds, ...settings },
	});
	const log: RequestRecord[] = [];
	const faults = createFaultPlan();
	const server = createAtlasServer({ state, faults, log }, keepAliveSeconds);
	server.listen(options.port ?? 0, "127.0.0.1");
	await once(server, "listening");
	const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	const close = async (): Promise<void> => {
		if (!server.listening) return;
		const closed = once(server, "close");
		server.close();
		server.closeAllConnections();
		await closed;
	};
	return {
		url,
		get publicKey() {
			return state.credentials.current.publicKey;
		},
		get privateKey() {
			return state.credentials.current.privateKey;
		},
		get clientId() {
			return state.credentials.current.clientId;
		},
		get clientSecret() {
			return state.credentials.current.clientSecret;
		},
		get projectId() {
			return firstProject(state).id;
		},
		get clusters() {
			return [...firstProject(state).clusters.values()]
				.filter((cluster) => refusalOf(cluster) === undefined)
				.map(({ name }) => name);
		},
		state,
		log,
		faults,
		closeIdleConnections: () => server.closeIdleConnections(),
		close,
		[Symbol.asyncDispose]: close,
	};
}

function firstProject(state: AtlasState) {
	const [first] = state.projects.values();
	if (first === undefined) throw new Error("the simulated Atlas has no project; seed one");
	return first;
}
