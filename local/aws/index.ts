import { randomBytes } from "node:crypto";
import type { SigningKeys } from "../gateway/sigv4.ts";
import { createEngine, type DurableHandler, type Execution } from "./engine.ts";
import { type BusEvent, createBus } from "./event-bridge.ts";
import { routeLambda } from "./lambda.ts";
import type { AwsRequest, ServiceOperation } from "./protocol.ts";
import { createSecrets, type Secrets } from "./secrets-manager.ts";
import { type AwsFaults, serveAws } from "./server.ts";

export interface FakeAwsOptions {
	/** Text of each secret by its name. */
	readonly secrets: Readonly<Record<string, string>>;
	/** Loads the durable function; called at every invocation. */
	readonly snapshotHandler: () => Promise<DurableHandler>;
	readonly faults?: AwsFaults;
	/** Called for every signed call that a fake service has, before it is executed. */
	readonly onCall?: (operation: string, request: AwsRequest) => void;
	/** 0, the default, for any that is free. */
	readonly port?: number;
	/** Waits of durable executions take no time. The process then has a fake clock. */
	readonly skipTime?: boolean;
	/**
	 * Durable functions write their checkpoints over the wire, by a client of their own, and `faults` applies to them; an
	 * invocation that throws is repeated. Otherwise the runner takes them within the process.
	 */
	readonly checkpointsOverWire?: boolean;
}

/** Secrets Manager, EventBridge and Lambda's durable executions, on one loopback port. */
export interface FakeAws {
	/** For `AWS_ENDPOINT_URL_SECRETS_MANAGER`, `AWS_ENDPOINT_URL_EVENTBRIDGE` and `AWS_ENDPOINT_URL_LAMBDA`. */
	readonly url: string;
	/** Made at random for the process. No others are accepted. */
	readonly credentials: SigningKeys;
	/** Events that the bus accepted, in order. */
	readonly events: readonly BusEvent[];
	/** Calls back for every event accepted from now on. @returns what ends it */
	onEvent(listener: (event: BusEvent) => void): () => void;
	readonly secrets: Pick<Secrets, "put" | "remove">;
	/** Durable executions in the order of their start. */
	readonly runs: readonly Execution[];
	close(): Promise<void>;
}

/** Starts the fake services. Requests come from the real SDK clients, signed with `credentials`. */
export async function startFakeAws(options: FakeAwsOptions): Promise<FakeAws> {
	const engine = await createEngine(options.snapshotHandler, options.skipTime, options.checkpointsOverWire);
	const secrets = createSecrets(options.secrets);
	const bus = createBus();
	const find = (request: AwsRequest): ServiceOperation | undefined => {
		const target = request.headers["x-amz-target"];
		if (target === "secretsmanager.GetSecretValue")
			return { name: "GetSecretValue", run: () => secrets.answer(request) };
		if (target === "AWSEvents.PutEvents") return { name: "PutEvents", run: (fault) => bus.answer(request, fault) };
		return routeLambda(request, engine);
	};
	const credentials = { accessKeyId: randomKey(15), secretAccessKey: randomKey(30) };
	const server = await serveAws({
		port: options.port ?? 0,
		keys: credentials,
		now: options.skipTime ? undefined : () => Date.now(),
		route(request) {
			const operation = find(request);
			if (operation) options.onCall?.(operation.name, request);
			return operation;
		},
		faults: options.faults ?? (() => undefined),
	}).catch(async (error: unknown) => {
		await engine.close();
		throw error;
	});
	return {
		url: server.url,
		credentials,
		events: bus.events,
		onEvent: (listener) => bus.onEvent(listener),
		secrets,
		runs: engine.executions,
		async close() {
			await server.close();
			await engine.close();
		},
	};
}

const randomKey = (bytes: number): string => randomBytes(bytes).toString("base64url");
