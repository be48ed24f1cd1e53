import "./simulated-timers.ts";
import { runBatch } from "./batch.ts";
import type { Message, Task } from "./campaign.ts";
import { openSimulation } from "./simulation.ts";

/** A process of the campaign: carries out the seeds that it gets, sends the results, and ends. */
const send = (message: Message) => new Promise<void>((resolve) => process.send?.(message, () => resolve()));

process.once("message", (task: Task) => {
	void carryOut(task).then(
		() => process.exit(0),
		(error: unknown) => {
			process.exitCode = 1;
			throw error;
		},
	);
});

async function carryOut(task: Task): Promise<void> {
	const simulation = await openSimulation();
	const batch = await runBatch(simulation, task, (failure) => void send({ run: true, failure }));
	await send({ batch });
}
