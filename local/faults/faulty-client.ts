import { refuseTooLarge, throwFault } from "./checkpoint-faults.ts";
import type { CheckpointFaults } from "./fault-injector.ts";
import { type Client, doneOf } from "./invocation.ts";
import type { Strike } from "./plan.ts";
import { type LambdaProcess, outsideProcesses } from "./process.ts";

/** The invocation whose checkpoints a client writes. */
interface Writer {
	readonly process: LambdaProcess;
	/** Operations that the function knows to be over. */
	readonly known: Set<string>;
	/** Whether the invocation was broken off: nobody listens to its process any more. */
	readonly isLost: () => boolean;
	/** Breaks it off. */
	readonly strike: (strike: Strike) => void;
	readonly atCheckpoint: () => CheckpointFaults;
	/** Called for each checkpoint that was taken. */
	readonly count: (checkpoint: Parameters<Client["checkpoint"]>[0]) => void;
}

/** The way to the engine's checkpoints, with what goes wrong on it. */
export function faultyClient(client: Client, { process, known, isLost, strike, atCheckpoint, count }: Writer): Client {
	const answered = async <T>(call: () => Promise<T>): Promise<T> => {
		const reply = await outsideProcesses(call);
		await process.running();
		return isLost() ? forever() : reply;
	};
	return {
		getExecutionState: (...input) => answered(() => client.getExecutionState(...input)),
		async checkpoint(...input) {
			if (isLost()) return forever();
			const { strike: planned, fault } = outsideProcesses(atCheckpoint);
			const { at, ...point } = planned?.point ?? { at: undefined };
			const after = at === "checkpoint" && "when" in point && point.when === "after";
			if (planned && !after) strike(planned);
			if (isLost()) return forever();
			const carryOut = async () => {
				refuseTooLarge(input[0]);
				const reply = await client.checkpoint(...input);
				count(input[0]);
				for (const id of doneOf(reply.NewExecutionState?.Operations ?? [])) known.add(id);
				return reply;
			};
			const reply = await answered(() => (fault ? throwFault(fault, carryOut) : carryOut()));
			if (planned && after) strike(planned);
			return isLost() ? forever() : reply;
		},
	};
}

const forever = (): Promise<never> => new Promise(() => {});
