import { subscribe } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";
import { syncBuiltinESMExports } from "node:module";
import { LocalDurableTestRunner } from "@aws/durable-execution-sdk-js-testing";
import { type AtlasSimulator, startAtlas } from "../../local/atlas/index.ts";
import type { DurableHandler } from "../../local/aws/engine.ts";
import type { Fault as AwsFault } from "../../local/aws/faults.ts";
import { type Aws, startAws } from "../../local/aws/index.ts";
import { FUNCTION_ARN } from "../../local/aws/names.ts";
import { enter } from "../../local/environment.ts";

// Taken before the clock is a fake one.
const realSetImmediate = setImmediate;

type AtlasActions = ReturnType<AtlasSimulator["faults"]["meet"]>;

/** How the function shows itself to Atlas. */
type Auth = "digest" | "oauth";

/** What the run that is under way wants to hear and to decide. One run at a time: they share a clock. */
interface Director {
	readonly snapshotHandler: () => Promise<DurableHandler>;
	/** Before Atlas carries out a request; what it returns is done to the request. */
	readonly onAtlasRequest: (kind: string, cluster: string | undefined) => AtlasActions;
	readonly onAwsCall: (operation: string) => AwsFault | undefined;
	/** The value of every `Authorization` header that Atlas got. */
	readonly onCredential: (header: string) => void;
	/** Whatever the handlers write. */
	readonly onLog: (text: string) => void;
}

/** The world of a process: one simulated Atlas, one AWS, and a clock that hurries. */
export interface Stage extends AsyncDisposable {
	readonly atlas: AtlasSimulator;
	readonly aws: Aws;
	direct(director: Director): void;
	/** Puts new keys into Atlas and into the secrets; the old ones are no longer good. */
	readonly rotateKeys: () => void;
	/** The durable function in a process that holds these keys: the one that carried the run before, if it lives. */
	warm(auth: Auth): Promise<DurableHandler>;
	/** That process is dead: the next run gets a new one. */
	forget(auth: Auth): void;
	/** Resolves when nothing more comes in over the wire. */
	quiet(): Promise<void>;
}

/** Fake milliseconds a turn: while a reply is held back on purpose, more. */
const PACE = 5;
const PACE_DELAYED = 100;

export async function openStage(): Promise<Stage> {
	let director: Director | undefined;
	let arrivals = 0;
	let delayed = 0;
	const atlas = await startAtlas({ now: () => Date.now() });
	atlas.faults.meet = (kind, cluster) => {
		arrivals++;
		const actions = director?.onAtlasRequest(kind, cluster) ?? [];
		for (const action of actions) if (action.type === "delay") hold(action.ms);
		return actions;
	};
	const hold = (milliseconds: number) => {
		delayed++;
		setTimeout(() => delayed--, milliseconds);
	};
	const aws = await startAws({
		secrets: {},
		skipTime: true,
		snapshotHandler: () => director?.snapshotHandler() ?? Promise.reject(new Error("no run is under way")),
		faults({ operation }) {
			arrivals++;
			const fault = director?.onAwsCall(operation);
			if (fault?.do === "delay") hold(fault.milliseconds);
			return fault;
		},
	});
	// The stand-ins and the handlers import their timers by name.
	syncBuiltinESMExports();
	subscribe("http.server.request.start", (message) => {
		const { authorization } = (message as { request: IncomingMessage }).request.headers;
		if (authorization !== undefined && !authorization.startsWith("AWS4-")) director?.onCredential(authorization);
	});
	const restore = captureOutput((text) => director?.onLog(text));
	const clock: { tick(milliseconds: number): void } | undefined = LocalDurableTestRunner["fakeClock"];
	let pumping = true;
	const pump = () => {
		clock?.tick(delayed > 0 ? PACE_DELAYED : PACE);
		if (pumping) realSetImmediate(pump);
	};
	pump();
	enter(process.env, aws, {
		ATLAS_BASE_URL: atlas.url,
		EVENT_BUS_NAME: "default",
		FIRST_POLL_SECONDS: "600",
		SNAPSHOT_FUNCTION_ARN: FUNCTION_ARN,
	});
	const putKeys = () => {
		const { publicKey, privateKey, clientId, clientSecret } = atlas;
		aws.secrets.put("digest", JSON.stringify({ publicKey, privateKey }));
		aws.secrets.put("oauth", JSON.stringify({ clientId, clientSecret }));
	};
	putKeys();
	const processes = new Map<Auth, DurableHandler>();
	let started = 0;
	const quiet = async () => {
		for (let turns = 0, seen = arrivals; turns < 40; turns++) {
			await new Promise((resolve) => realSetImmediate(resolve));
			if (seen === arrivals) continue;
			seen = arrivals;
			turns = 0;
		}
	};
	return {
		atlas,
		aws,
		rotateKeys() {
			atlas.world.rotateKeys();
			putKeys();
			atlas.world.retireOldKeys();
		},
		async warm(auth) {
			// Read when the function first works, in the invocation that follows.
			process.env["ATLAS_SECRET_ID"] = auth;
			const living = processes.get(auth);
			if (living) return living;
			await quiet();
			const path = `../../lambda/handlers/snapshot.ts?process=${started++}`;
			const { handler } = (await import(path)) as { handler: DurableHandler };
			processes.set(auth, handler);
			return handler;
		},
		forget: (auth) => void processes.delete(auth),
		direct: (next) => {
			director = next;
		},
		quiet,
		async [Symbol.asyncDispose]() {
			pumping = false;
			restore();
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
