import "./simulated-timers.ts";
import { runBatch } from "./batch.ts";
import type { Message, Task } from "./campaign.ts";
import { openStage } from "./stage.ts";

/** A process of the campaign: carries out the seeds that it is told, tells what came of them, and ends. */
const tell = (message: Message) => new Promise<void>((resolve) => process.send?.(message, () => resolve()));

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
	const stage = await openStage();
	const batch = await runBatch(stage, task, (failure) => void tell({ run: true, failure }));
	await tell({ batch });
}
