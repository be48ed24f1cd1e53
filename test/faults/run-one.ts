import type { SnapshotStateChange } from "../../lambda/domain/outcome.ts";
import { lookAt } from "../../local/atlas/index.ts";
import type { DurableHandler, Execution } from "../../local/aws/engine.ts";
import { createAdversary } from "./adversary.ts";
import { type Answer, deliver, deliveriesOf, readStatus } from "./deliver.ts";
import { type Finding, judge, type Observed } from "./judge.ts";
import type { Plan } from "./plan.ts";
import { openSandbox } from "./sandbox.ts";
import { createCanaries } from "./secrets.ts";
import type { Stage } from "./stage.ts";
import { tell } from "./tally.ts";

/** What a run of the campaign came to. */
export interface Report {
	readonly findings: readonly Finding[];
	/** How often each thing happened or was done, by its name. */
	readonly counts: Readonly<Record<string, number>>;
}

/** Real milliseconds after which a run that does not end is given up. */
const PATIENCE = 60_000;
const realSetTimeout = setTimeout;

let runs = 0;

/**
 * Carries out a plan with the real handlers.
 *
 * @returns once the run is over; the judgement may come later, while no other run is under way
 */
export async function runOne(stage: Stage, plan: Plan): Promise<{ readonly judge: () => Promise<Report> }> {
	const { atlas, aws } = stage;
	const { world } = atlas;
	const number = runs++;
	const counts: Record<string, number> = {};
	const count = (name: string) => {
		counts[name] = (counts[name] ?? 0) + 1;
	};
	const project = world.addProject({
		clusters: plan.clusters.map(({ kind }, index) => ({ name: `c${index}`, kind })),
	});
	const cluster = (index: number) => world.cluster(project.id, `c${index % plan.clusters.length}`);
	for (const [index, { course }] of plan.clusters.entries()) cluster(index).plan = course;

	const canaries = createCanaries();
	canaries.take(world);

	const logs: string[] = [];
	const tasks = new Set<() => void>();
	const adversary = createAdversary(plan, world, cluster, count);
	const sandbox = openSandbox({
		load: () => stage.warm(plan.auth),
		forget: () => stage.forget(plan.auth),
		atCheckpoint: adversary.atCheckpoint,
		settled: () => stage.quiet(),
		suspends: plan.suspends,
		onEnd: () => {
			for (const task of tasks) task();
		},
	});
	stage.direct({
		snapshotHandler: async () => sandbox.handler as unknown as DurableHandler,
		onLog: (text) => logs.push(text),
		onCredential: (header) => canaries.hear(header),
		onAtlasRequest(kind) {
			const actions = adversary.onAtlasRequest(kind, sandbox.kill, stage.rotateKeys);
			canaries.take(world);
			return actions;
		},
		onAwsCall: adversary.onAwsCall,
	});

	/** Whether Atlas says completed about a snapshot at this moment. */
	const isCompleted = ({ clusterName, snapshotId }: SnapshotStateChange): boolean => {
		const where = project.clusters.get(clusterName);
		const snapshot = where?.snapshots.find(({ id }) => id === snapshotId);
		return snapshot !== undefined && lookAt(snapshot, where, world.now())?.status === "completed";
	};
	const events: Observed["events"][number][] = [];
	const stop = aws.onEvent(({ detail }) => {
		const change = detail as unknown as SnapshotStateChange;
		// What a dead process of an earlier run had on the wire is for that run's judgement.
		if (change.projectId === project.id) events.push({ change, atlasCompleted: isCompleted(change) });
	});

	const executionOf = (run: string): Execution | undefined => aws.runs.find(({ name }) => name === run);
	const answers: Answer[] = [];
	const { rounds, requests } = deliveriesOf(plan, project.id, number);
	for (const round of rounds) {
		const given = await Promise.all(round.map((delivery) => deliver(delivery, number, count)));
		answers.push(...given);
		// Not by the answers: a delivery may be carried out though its reply is lost.
		for (const { run } of requests) {
			const execution = executionOf(run);
			if (execution && execution.status === "RUNNING" && !ended.has(execution)) {
				await endOf(execution);
				ended.add(execution);
			}
		}
	}
	async function endOf(execution: Execution): Promise<void> {
		await new Promise<void>((resolve) => {
			tasks.add(resolve);
			void execution.ended.then(resolve);
			realSetTimeout(resolve, PATIENCE);
		});
		tasks.clear();
	}
	return {
		judge: async () => {
			const accepted = requests.map((request) => ({ ...request, execution: executionOf(request.run) }));
			const told: Observed["runs"][number][] = [];
			for (const { run, clusters, maySkip, execution } of accepted) {
				if (!execution) continue;
				await Promise.race([execution.ended, new Promise<void>((resolve) => realSetTimeout(resolve, PATIENCE))]);
				const { status, error } = execution;
				told.push({ run, clusters, maySkip, status, error: error?.ErrorMessage, reply: await readStatus(run, number) });
			}
			const snapshots = [...project.clusters.values()].flatMap((where) =>
				where.snapshots.map(({ description = "", requestedAt, ending, seconds }) => ({
					clusterName: where.name,
					description,
					requestedAt,
					goneAt: ending === "vanished" ? requestedAt + seconds * 1000 : undefined,
				})),
			);
			const seen = [
				...logs,
				...events.map(({ change }) => JSON.stringify(change)),
				...answers.map(({ text }) => text),
				...told.map(({ reply }) => reply),
				...accepted.map(({ execution }) => JSON.stringify(execution?.history() ?? [])),
			];
			stop();
			world.projects.delete(project.id);
			const observed = { runs: told, events, snapshots, answers, leaks: canaries.search(seen.join("\n")) };
			const findings = judge(observed);
			tell(observed, sandbox.deaths, count);
			return { findings, counts };
		},
	};
}

const ended = new WeakSet<Execution>();
