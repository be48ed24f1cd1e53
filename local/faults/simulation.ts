import { createHash } from "node:crypto";
import { subscribe } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";
import { syncBuiltinESMExports } from "node:module";
import type { FaultAction } from "../atlas/api/faults.ts";
import { type AtlasSimulator, startAtlas } from "../atlas/index.ts";
import { restartObjectIds } from "../atlas/state/projects.ts";
import type { DurableHandler } from "../aws/engine.ts";
import { type FakeAws, startFakeAws } from "../aws/index.ts";
import { FUNCTION_ARN } from "../aws/protocol.ts";
import type { AwsFault } from "../aws/server.ts";
import { setFunctionEnvironment } from "../environment.ts";
import { type Clock, driveClock } from "./clock.ts";
import { type ConnectFault, connectInMemory } from "./connections.ts";
import type { Trigger } from "./deliver.ts";
import { HOOK_KEYS, LIMITS } from "./firing.ts";
import { prepareHandler } from "./load-handler.ts";
import type { Environment } from "./platform.ts";
import { LambdaProcess } from "./process.ts";
import { hookProcesses } from "./process-hooks.ts";

/** How the function shows itself to Atlas. */
type Auth = "digest" | "oauth";

/** Callbacks of the run that is under way. One run at a time: they share a clock. */
export interface RunHooks {
	readonly snapshotHandler: DurableHandler;
	/** Before Atlas carries out a request of a process; what it returns is done to the request. */
	readonly onAtlasRequest: (kind: string, process: LambdaProcess | undefined) => readonly FaultAction[];
	readonly onAwsCall: (operation: string) => AwsFault | undefined;
	readonly onConnect: (process: LambdaProcess) => ConnectFault | undefined;
	/** The value of every `Authorization` header that Atlas got. */
	readonly onCredential: (header: string) => void;
	/** Whatever the handlers write. */
	readonly onLog: (text: string) => void;
}

/** What a process of the campaign has of the campaign: a simulated Atlas, one AWS, and a clock that stands still while they work. */
export interface Simulation extends AsyncDisposable {
	/** Of the run that is under way. */
	readonly atlas: AtlasSimulator;
	readonly aws: FakeAws;
	readonly clock: Clock;
	/**
	 * Makes everything as it is at the start of every run of this name: the time, Atlas, chance and its ids. Processes of the
	 * run before are killed.
	 */
	begin(name: string): Promise<void>;
	setHooks(hooks: RunHooks): void;
	/** Puts new keys into Atlas and into the secrets; the old ones are no longer good. */
	rotateKeys(): void;
	/** A process with the durable function that holds these keys: one that is idle, if there is one. */
	acquire(auth: Auth): Promise<Environment>;
	release(environment: Environment): void;
	/** The trigger function, in a process of its own. */
	loadTrigger(): Trigger;
	/** The process to which a port of Atlas's log belongs. */
	processOf(port: number): LambdaProcess | undefined;
}

export async function openSimulation(): Promise<Simulation> {
	let hooks: RunHooks | undefined;
	const owners = new Map<number, LambdaProcess>();
	let atlasPort = 0;
	const disconnect = connectInMemory({
		onConnect: (port, process) => (port === atlasPort ? hooks?.onConnect(process) : undefined),
		onConnected: (port, process) => owners.set(port, process),
	});
	const openAtlas = async () => {
		const opened = await startAtlas({ now: () => Date.now() });
		opened.faults.actionsFor = (kind, _cluster, exchange) =>
			hooks?.onAtlasRequest(kind, owners.get(exchange?.port ?? 0)) ?? [];
		atlasPort = Number(new URL(opened.url).port);
		return opened;
	};
	let atlas = await openAtlas();
	const aws = await startFakeAws({
		secrets: { hooks: JSON.stringify(HOOK_KEYS) },
		skipTime: true,
		snapshotHandler: async () => {
			if (!hooks) throw new Error("no run is under way");
			return hooks.snapshotHandler;
		},
		faults: ({ operation }) => hooks?.onAwsCall(operation),
	});
	subscribe("http.server.request.start", (message) => {
		const { authorization } = (message as { request: IncomingMessage }).request.headers;
		if (authorization !== undefined && !authorization.startsWith("AWS4-")) hooks?.onCredential(authorization);
	});
	const restore = captureOutput((text) => hooks?.onLog(text));
	const unhook = hookProcesses();
	const clock = driveClock();
	setFunctionEnvironment(process.env, aws, {
		EVENT_BUS_NAME: "default",
		FIRST_POLL_SECONDS: "60",
		REQUEST_LIMITS: JSON.stringify(LIMITS),
		SNAPSHOT_FUNCTION_ARN: FUNCTION_ARN,
		WEBHOOK_SECRET_ID: "hooks",
	});
	Object.assign(process.env, SDK_DEFAULTS);
	const putKeys = () => {
		const { publicKey, privateKey, clientId, clientSecret } = atlas;
		aws.secrets.put("digest", JSON.stringify({ publicKey, privateKey }));
		aws.secrets.put("oauth", JSON.stringify({ clientId, clientSecret }));
	};
	const loadSnapshot = await prepareHandler<{ readonly handler: DurableHandler }>("snapshot.ts");
	const loadTrigger = await prepareHandler<{ readonly handler: Trigger }>("trigger.ts");
	const idle: Environment[] = [];
	const processes = new Set<LambdaProcess>();
	return {
		get atlas() {
			return atlas;
		},
		aws,
		clock,
		async begin(name) {
			hooks = undefined;
			for (const process of processes) process.kill();
			processes.clear();
			idle.length = 0;
			owners.clear();
			const chance = createHash("sha256").update(name).digest();
			restartObjectIds(chance.toString("hex", 0, 5));
			Math.random = createRandom(chance.readUInt32LE(5));
			await clock.during(async () => {
				await atlas.close();
				atlas = await openAtlas();
			});
			process.env["ATLAS_BASE_URL"] = atlas.url;
			putKeys();
			await new Promise((resolve) => setTimeout(resolve, LEFTOVERS));
			clock.restart();
		},
		rotateKeys() {
			atlas.state.rotateKeys();
			putKeys();
			atlas.state.retireOldKeys();
		},
		async acquire(auth) {
			// Read when the function first works, in the invocation that follows.
			process.env["ATLAS_SECRET_ID"] = auth;
			const waiting = idle.pop();
			if (waiting) return waiting;
			const environment = { process: new LambdaProcess(), handler: loadSnapshot().handler };
			processes.add(environment.process);
			return environment;
		},
		release: (environment) => void idle.push(environment),
		loadTrigger: () => loadTrigger().handler,
		processOf: (port) => owners.get(port),
		setHooks: (next) => {
			hooks = next;
		},
		async [Symbol.asyncDispose]() {
			clock.stop();
			restore();
			unhook();
			disconnect();
			await aws.close();
			await atlas.close();
			syncBuiltinESMExports();
		},
	};
}

/** The SDK's own defaults. It would look for each in the environment and in two files, anew for each of its clients. */
const SDK_DEFAULTS = {
	AWS_AUTH_SCHEME_PREFERENCE: "",
	AWS_DEFAULTS_MODE: "legacy",
	AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "false",
	AWS_RETRY_MODE: "standard",
	AWS_USE_DUALSTACK_ENDPOINT: "false",
	AWS_USE_FIPS_ENDPOINT: "false",
};

/** Milliseconds in which the timers of closed connections run out. */
const LEFTOVERS = 600_000;

/** Mulberry32, by Tommy Ettinger: numbers from 0 to below 1, always the same ones for a seed. */
function createRandom(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}

/** Handlers write their logs to the standard streams; nothing else does in a process of the campaign. */
function captureOutput(onText: (text: string) => void): () => void {
	const streams = [process.stdout, process.stderr].map((stream) => ({ stream, write: stream.write.bind(stream) }));
	for (const { stream } of streams) {
		stream.write = (chunk: string | Uint8Array) => {
			onText(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString());
			return true;
		};
	}
	// One for all of the loggers, of which there is one or more a process, step and invocation.
	const { Console } = console;
	const shared = new Console(process);
	Object.assign(console, { Console: new Proxy(Console, { construct: () => shared }) });
	syncBuiltinESMExports();
	return () => {
		Object.assign(console, { Console });
		for (const { stream, write } of streams) stream.write = write;
	};
}
