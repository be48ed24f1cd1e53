import { subscribe } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";
import { syncBuiltinESMExports } from "node:module";
import { type AtlasSimulator, startAtlas } from "../../local/atlas/index.ts";
import type { FaultAction } from "../../local/atlas/wire/faults.ts";
import type { DurableHandler } from "../../local/aws/engine.ts";
import type { Fault as AwsFault } from "../../local/aws/faults.ts";
import { type Aws, startAws } from "../../local/aws/index.ts";
import { FUNCTION_ARN } from "../../local/aws/names.ts";
import { enter } from "../../local/environment.ts";
import { type Clock, driveClock } from "./clock.ts";
import { type ConnectFault, connectInMemory } from "./connections.ts";
import { HOOK_KEYS, LIMITS } from "./firing.ts";
import type { Environment } from "./platform.ts";
import { LambdaProcess } from "./process.ts";
import { hookProcesses } from "./process-hooks.ts";

/** How the function shows itself to Atlas. */
type Auth = "digest" | "oauth";

/** What the run that is under way wants to hear and to decide. One run at a time: they share a clock. */
interface Director {
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

/** The world of a process of the campaign: one simulated Atlas, one AWS, and a clock that stands still while they work. */
export interface Stage extends AsyncDisposable {
	readonly atlas: AtlasSimulator;
	readonly aws: Aws;
	readonly clock: Clock;
	direct(director: Director): void;
	/** Puts new keys into Atlas and into the secrets; the old ones are no longer good. */
	rotateKeys(): void;
	/** A process with the durable function that holds these keys: one that has carried a run before, if one is idle. */
	acquire(auth: Auth): Promise<Environment>;
	release(auth: Auth, environment: Environment): void;
	/** The process to which a port of Atlas's log belongs. */
	processOf(port: number): LambdaProcess | undefined;
}

export async function openStage(): Promise<Stage> {
	let director: Director | undefined;
	const owners = new Map<number, LambdaProcess>();
	let atlasPort = 0;
	const disconnect = connectInMemory({
		onConnect: (port, process) => (port === atlasPort ? director?.onConnect(process) : undefined),
		onConnected: (port, process) => owners.set(port, process),
	});
	const atlas = await startAtlas({ now: () => Date.now() });
	atlas.faults.meet = (kind, _cluster, exchange) =>
		director?.onAtlasRequest(kind, owners.get(exchange?.port ?? 0)) ?? [];
	const aws = await startAws({
		secrets: { hooks: JSON.stringify(HOOK_KEYS) },
		skipTime: true,
		snapshotHandler: async () => {
			if (!director) throw new Error("no run is under way");
			return director.snapshotHandler;
		},
		faults: ({ operation }) => director?.onAwsCall(operation),
	});
	subscribe("http.server.request.start", (message) => {
		const { authorization } = (message as { request: IncomingMessage }).request.headers;
		if (authorization !== undefined && !authorization.startsWith("AWS4-")) director?.onCredential(authorization);
	});
	const restore = captureOutput((text) => director?.onLog(text));
	atlasPort = Number(new URL(atlas.url).port);
	const unhook = hookProcesses();
	const clock = driveClock();
	enter(process.env, aws, {
		ATLAS_BASE_URL: atlas.url,
		EVENT_BUS_NAME: "default",
		FIRST_POLL_SECONDS: "60",
		REQUEST_LIMITS: JSON.stringify(LIMITS),
		SNAPSHOT_FUNCTION_ARN: FUNCTION_ARN,
		WEBHOOK_SECRET_ID: "hooks",
	});
	const putKeys = () => {
		const { publicKey, privateKey, clientId, clientSecret } = atlas;
		aws.secrets.put("digest", JSON.stringify({ publicKey, privateKey }));
		aws.secrets.put("oauth", JSON.stringify({ clientId, clientSecret }));
	};
	putKeys();
	const idle = { digest: [] as Environment[], oauth: [] as Environment[] };
	let started = 0;
	return {
		atlas,
		aws,
		clock,
		rotateKeys() {
			atlas.world.rotateKeys();
			putKeys();
			atlas.world.retireOldKeys();
		},
		async acquire(auth) {
			// Read when the function first works, in the invocation that follows.
			process.env["ATLAS_SECRET_ID"] = auth;
			const waiting = idle[auth].pop();
			if (waiting) return waiting;
			const path = `../../lambda/handlers/snapshot.ts?process=${started++}`;
			const { handler } = await clock.during(async () => (await import(path)) as { handler: DurableHandler });
			return { process: new LambdaProcess(), handler };
		},
		release: (auth, environment) => void idle[auth].push(environment),
		processOf: (port) => owners.get(port),
		direct: (next) => {
			director = next;
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

/** Handlers write their logs to the standard streams; nothing else does in a process of the campaign. */
function captureOutput(hear: (text: string) => void): () => void {
	const streams = [process.stdout, process.stderr].map((stream) => ({ stream, write: stream.write.bind(stream) }));
	for (const { stream } of streams) {
		stream.write = (chunk: string | Uint8Array) => {
			hear(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString());
			return true;
		};
	}
	return () => {
		for (const { stream, write } of streams) stream.write = write;
	};
}
