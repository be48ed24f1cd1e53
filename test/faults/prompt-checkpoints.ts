import { isMainThread } from "node:worker_threads";

/**
 * Preloaded into a process of the campaign, and so into the thread in which AWS's local runner keeps its checkpoints.
 * That thread sleeps for a millisecond before it answers one, which would be a third of a run: here it answers at once.
 */
if (!isMainThread) {
	const sleep = setTimeout;
	globalThis.setTimeout = ((task: () => void, milliseconds?: number) =>
		milliseconds === undefined ? setImmediate(task) : sleep(task, milliseconds)) as typeof setTimeout;
}
