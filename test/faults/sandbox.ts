import { DurableExecutionInvocationInputWithClient } from "@aws/durable-execution-sdk-js";
import type { DurableHandler } from "../../local/aws/engine.ts";

type Input = DurableExecutionInvocationInputWithClient;
type Client = Input["durableExecutionClient"];
type Handler = (event: Input, context: unknown) => Promise<unknown>;

/** What the process does at a checkpoint: goes on, or dies in one of three ways. */
export type Fate = "lives" | "before" | "after" | "refused";

export interface SandboxOptions {
	/** The durable function in the process that is warm, or else in a new one. */
	readonly load: () => Promise<DurableHandler>;
	/** The warm process is dead. */
	readonly forget: () => void;
	/** Asked at every checkpoint. */
	readonly atCheckpoint: () => Fate;
	/** Resolves when what a dead process had on the wire has reached the other side. */
	readonly settled: () => Promise<void>;
	/** Whether a wait ends the invocation. Otherwise it is over before the SDK thinks of that. */
	readonly suspends: boolean;
	/** Told when an invocation ended with the execution's end. */
	readonly onEnd: () => void;
}

/** The processes in which the platform runs the durable function, one after the other. */
export interface Sandbox {
	/** As the platform calls it. */
	readonly handler: Handler;
	/** Kills the process that runs now: nothing that it does afterwards reaches the engine. */
	readonly kill: () => void;
	/** Processes that died. */
	readonly deaths: number;
}

/**
 * Runs the durable function in processes that may die. After a death the platform invokes it again, in a new process,
 * with what the engine has accepted so far; the dead one waits for ever for the reply to its next checkpoint.
 */
export function openSandbox({ load, forget, atCheckpoint, settled, suspends, onEnd }: SandboxOptions): Sandbox {
	let deaths = 0;
	const adjust = suspends ? (operations: Operations) => operations : asOver;
	let die = (): void => {};
	/** Checkpoints that the engine has not answered yet: a dead process's count if they were sent. */
	const underWay = new Set<Promise<unknown>>();

	async function live(event: Input, context: unknown): Promise<unknown> {
		const death = Promise.withResolvers<"died">();
		let dead = false;
		const kill = () => {
			dead = true;
			death.resolve("died");
		};
		die = kill;
		const client: Client = {
			getExecutionState: (...input) => event.durableExecutionClient.getExecutionState(...input),
			async checkpoint(...input) {
				if (dead) return forever();
				const fate = atCheckpoint();
				if (fate === "refused") {
					kill();
					throw new Error("the engine does not answer");
				}
				if (fate === "before") {
					kill();
					return forever();
				}
				const answer = event.durableExecutionClient.checkpoint(...input);
				underWay.add(answer);
				const reply = await answer.finally(() => underWay.delete(answer));
				if (fate === "after") kill();
				if (dead) return forever();
				const { NewExecutionState: state } = reply;
				return {
					...reply,
					...(state && { NewExecutionState: { ...state, Operations: adjust(state.Operations ?? []) } }),
				};
			},
		};
		const handler = (await load()) as Handler;
		const ended = handler(withClient(event, client, adjust(event.InitialExecutionState.Operations)), context);
		// A dead process may still reject; nobody listens any more.
		ended.catch(() => {});
		const end = await Promise.race([ended, death.promise]);
		if (end !== "died") return end;
		deaths++;
		forget();
		return undefined;
	}

	return {
		get deaths() {
			return deaths;
		},
		kill: () => die(),
		async handler(first, context) {
			let event = first;
			for (;;) {
				const end = await live(event, context);
				if (end !== undefined) {
					if (hasEnded(end)) onEnd();
					return end;
				}
				await settled();
				await Promise.allSettled(underWay);
				event = await afterDeath(event);
			}
		},
	};
}

const forever = (): Promise<never> => new Promise(() => {});

const hasEnded = (end: unknown): boolean =>
	typeof end === "object" && end !== null && "Status" in end && end.Status !== "PENDING";

/** The same invocation again, with the state that the engine has now. */
async function afterDeath(event: Input): Promise<Input> {
	const { durableExecutionClient: client, DurableExecutionArn, CheckpointToken } = event;
	const { Operations = [] } = await client.getExecutionState({ DurableExecutionArn, CheckpointToken, MaxItems: 1000 });
	return withClient(event, client, Operations);
}

const withClient = (event: Input, client: Client, Operations: Operations): Input =>
	new DurableExecutionInvocationInputWithClient(
		{
			DurableExecutionArn: event.DurableExecutionArn,
			CheckpointToken: event.CheckpointToken,
			InitialExecutionState: { Operations, NextMarker: "" },
		},
		client,
	);

type Operations = Input["InitialExecutionState"]["Operations"];

/** A wait that is over before the SDK thinks of ending the invocation. */
const asOver = (operations: Operations): Operations =>
	operations.map((operation) => {
		const { WaitDetails: wait, StepDetails: step } = operation;
		return {
			...operation,
			...(wait?.ScheduledEndTimestamp && { WaitDetails: { ...wait, ScheduledEndTimestamp: new Date(0) } }),
			...(step?.NextAttemptTimestamp && { StepDetails: { ...step, NextAttemptTimestamp: new Date(0) } }),
		};
	});
