import type { SnapshotStateChange } from "../../lambda/domain/outcome.ts";
import { viewSnapshot } from "../atlas/index.ts";
import type { DurableHandler, Execution } from "../aws/engine.ts";
import { countOutcome } from "./counts.ts";
import { type Answer, deliver, readStatus, roundsOf } from "./deliver.ts";
import { createFaultInjector } from "./fault-injector.ts";
import { createFiring } from "./firing.ts";
import { judge } from "./judge.ts";
import type { Finding, Observed, ObservedEvent, ObservedRun } from "./observed.ts";
import type { Plan } from "./plan.ts";
import { createPlatform } from "./platform.ts";
import { outsideProcesses } from "./process.ts";
import { createProject, observeSnapshots } from "./project.ts";
import { createSecretSearch } from "./secret-search.ts";
import type { RunHooks, Simulation } from "./simulation.ts";
import { throttled } from "./troubles.ts";

/** What a run of the campaign came to. */
export interface Report {
	readonly findings: readonly Finding[];
	/** How often each thing happened or was finish, by its name. */
	readonly counts: Readonly<Record<string, number>>;
	/** Everything that happened, with its time. */
	readonly record: readonly string[];
}

/** The steps that keep a run's start. */
const START_STEPS: ReadonlySet<string> = new Set(["note-start", "select-targets"]);

/** Simulated milliseconds after which a run that does not end is given up. */
const PATIENCE = 15 * 86_400_000;

/**
 * Carries out a plan with the real handlers.
 *
 * @param name no other run of this Node.js process has it; under the same name, a plan is always carried out the same way
 */
export async function runOne(simulation: Simulation, plan: Plan, name: string): Promise<Report> {
	await simulation.begin(name);
	const { atlas, aws, clock } = simulation;
	const { state } = atlas;
	const began = state.now();
	const counts: Record<string, number> = {};
	const count = (name: string) => {
		counts[name] = (counts[name] ?? 0) + 1;
	};
	const { bucket, ...settings } = plan.settings;
	Object.assign(state.settings, settings);
	state.settings.buckets.backups = { capacity: bucket, refillRate: Math.ceil(bucket / 2), refillSeconds: 60 };
	const project = createProject(state, plan);
	const secrets = createSecretSearch();
	secrets.addKeysOf(state);

	const logs: string[] = [];
	const planted = new Set<string>();
	const { firings, rounds } = roundsOf(plan, (nth, second = false) => {
		const key = `campaign ${name}-${second ? 0 : nth}`;
		return createFiring(plan, project.id, `campaign ${name}-${nth}`, { key, second });
	});
	const firstExecution = aws.runs.length;
	const executionsOf = (description: string): Execution[] =>
		aws.runs.slice(firstExecution).filter(({ payload }) => payload.includes(`"${description}"`));
	const injector = createFaultInjector({
		plan,
		atlas: state,
		planted,
		cluster(index) {
			const number = index % plan.clusters.length;
			return plan.clusters[number]?.state === "ready" ? project.clusters.get(`c${number}`) : undefined;
		},
		runName: () => firings.flatMap(({ description }) => executionsOf(description)).at(0)?.name,
		count,
	});
	const platform = createPlatform({
		...injector,
		acquire: () => simulation.acquire(plan.auth),
		release: (...given) => simulation.release(...given),
		settled: () => clock.quiet(),
		onPause: (milliseconds) =>
			injector.troubles.push({ what: "platform", from: state.now(), to: state.now() + milliseconds + 5_000 }),
	});
	const hooks: RunHooks = {
		snapshotHandler: platform.handler as unknown as DurableHandler,
		onLog: (text) => logs.push(text),
		onCredential: (header) => secrets.addHeader(header),
		onAtlasRequest(kind, process) {
			const actions = injector.onAtlasRequest(
				kind,
				(strike) => process && platform.strike(process, strike),
				() => simulation.rotateKeys(),
			);
			secrets.addKeysOf(state);
			// The clock jumps while the invocation is under way.
			if (plan.skew?.from === "within the second invocation" && process) process.skew = injector.skew();
			return actions;
		},
		onAwsCall: injector.onAwsCall,
		// By the true clock, not by the process's.
		onConnect: (process) => outsideProcesses(() => injector.onConnect((strike) => platform.strike(process, strike))),
	};
	simulation.setHooks(hooks);

	/** What Atlas says about a snapshot at this moment. */
	const statusOf = ({ clusterName, snapshotId }: SnapshotStateChange): string | undefined => {
		const where = project.clusters.get(clusterName);
		const snapshot = where?.snapshots.find(({ id }) => id === snapshotId);
		return where && snapshot && viewSnapshot(snapshot, where, state.now())?.status;
	};
	const events: ObservedEvent[] = [];
	const stop = aws.onEvent(({ detail }) => {
		const change = detail as unknown as SnapshotStateChange;
		// What a dead process of an earlier run had on the wire is for that run's judgement.
		if (change.projectId === project.id) events.push({ at: state.now(), change, atlasStatus: statusOf(change) });
	});

	const trigger = simulation.loadTrigger();
	const answers: Answer[] = [];
	for (const { afterSeconds, deliveries } of rounds) {
		if (afterSeconds > 0) await new Promise((resolve) => setTimeout(resolve, afterSeconds * 1000));
		answers.push(...(await Promise.all(deliveries.map((delivery) => deliver(trigger, delivery, count)))));
		// Not by the answers: a delivery may be carried out though its reply is lost.
		const under = firings.flatMap(({ description }) => executionsOf(description));
		await Promise.all(under.map(({ ended }) => withPatience(ended)));
	}
	await platform.end();

	simulation.setHooks({ ...hooks, onAwsCall: () => undefined });
	const runs: ObservedRun[] = [];
	const texts: string[] = [];
	for (const { description } of firings) {
		for (const execution of executionsOf(description)) {
			await clock.quiet();
			const { name: run, status, error, endedAt } = execution;
			const history = execution.history();
			const noted = history.find(({ Name = "", EventType }) => START_STEPS.has(Name) && EventType === "StepSucceeded");
			const { startedAt: acceptedAt } = execution;
			const startedAt = noted?.EventTimestamp?.getTime() ?? acceptedAt;
			const reply = await readStatus(trigger, run);
			runs.push({ run, description, status, error: error?.ErrorMessage, acceptedAt, startedAt, endedAt, reply });
			texts.push(reply, JSON.stringify(history));
		}
	}
	stop();
	const seen = [...logs, ...events.map(({ change }) => JSON.stringify(change)), ...answers.map(({ text }) => text)];
	const { log: requests } = atlas;
	const observed: Observed = {
		runs: runs,
		clusters: plan.clusters.map(({ state }, index) => ({ name: `c${index}`, state })),
		wanted: plan.wanted,
		events,
		snapshots: observeSnapshots(project, planted),
		requests: requests.map((request) => ({ ...request, process: simulation.processOf(request.port)?.id })),
		answers,
		leaks: secrets.search([...seen, ...texts].join("\n")),
		troubles: [...injector.troubles, ...throttled(requests)],
		listDelay: plan.settings.listDelaySeconds * 1000,
		skew: Math.abs(plan.skew?.seconds ?? 0) * 1000,
		operations: [...platform.operations.values()],
	};
	const findings = judge(observed);
	countOutcome(observed, platform.deaths, count);
	return { findings, counts, record: recordOf(observed, began).map((line) => line.replaceAll(atlas.url, "")) };
}

async function withPatience(ended: Promise<void>): Promise<void> {
	let timer: NodeJS.Timeout | undefined;
	const patience = new Promise<void>((resolve) => {
		timer = setTimeout(resolve, PATIENCE);
	});
	await Promise.race([ended, patience]);
	clearTimeout(timer);
}

/** What does not depend on keys that are drawn anew, with times counted from the start. */
const recordOf = ({ events, requests, runs, answers, snapshots, operations }: Observed, began: number): string[] => [
	...requests.map(({ port: _port, process: _process, at, endedAt, ...request }) =>
		JSON.stringify([at - began, endedAt && endedAt - began, request]),
	),
	...events.map(({ at, ...event }) => JSON.stringify([at - began, event])),
	...runs.map(({ reply: _reply, ...run }) => JSON.stringify(run)),
	...answers.map(({ text: _text, ...answer }) => JSON.stringify(answer)),
	...snapshots.map((snapshot) => JSON.stringify(snapshot)),
	JSON.stringify(operations),
];
