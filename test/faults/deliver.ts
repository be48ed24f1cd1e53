import { randomUUID } from "node:crypto";
import { nameRun } from "../../lambda/domain/run.ts";
import { LOCAL_USER, toPayload } from "../../local/gateway/payload.ts";
import { readReply } from "../../local/gateway/reply.ts";
import type { Plan } from "./plan.ts";

/** An event for the trigger function. */
export interface Delivery {
	readonly event: unknown;
	/** A second request under a used name: it has to be refused. */
	readonly otherRequest: boolean;
}

/** What the trigger function made of a delivery. */
export interface Answer {
	/** The run that was accepted. */
	readonly run?: string;
	readonly refused: boolean;
	/** Everything that the caller, or Lambda's log, gets to see. */
	readonly text: string;
}

/** Deliveries by round: those of a round come at the same time, a round begins when the runs before have ended. */
export function deliveriesOf(plan: Plan, projectId: string, number: number) {
	const clusters = plan.clusters.map((_cluster, index) => `c${index}`);
	const { onConflict, deadlineMinutes, minimumAgeMinutes } = plan;
	const request = {
		projectId,
		clusters: plan.selection === "all" ? "all" : clusters,
		onConflict,
		deadlineMinutes,
		description: "campaign",
		...(minimumAgeMinutes === null ? {} : { minimumAgeMinutes }),
	};
	const first = firing(plan, number, 0);
	const second = firing(plan, number, 1);
	const of = (firingOf: Firing, what: object = request, otherRequest = false): Delivery => ({
		event: firingOf.event(what),
		otherRequest,
	});
	const maySkip = onConflict === "skip" || minimumAgeMinutes !== null;
	const requestOf = ({ run }: Firing) => ({ run, clusters, maySkip });
	switch (plan.delivery) {
		case "once":
			return { rounds: [[of(first)]], requests: [requestOf(first)] };
		case "twice":
			return { rounds: [[of(first), of(first)]], requests: [requestOf(first)] };
		case "three times":
			return { rounds: [[of(first), of(first)], [of(first)]], requests: [requestOf(first)] };
		case "out of order":
			return {
				rounds: [[of(second)], [of(first)], [of(second), of(first)]],
				requests: [requestOf(first), requestOf(second)],
			};
		case "other request":
			return {
				rounds: [[of(first)], [of(first, { ...request, retentionInDays: 30 }, true)]],
				requests: [requestOf(first)],
			};
	}
}

/** As the functions read it where nothing is set. */
const STACK = "atlas-snapshots";

/** What makes a trigger unique, and how it looks. */
interface Firing {
	readonly run: string;
	readonly event: (request: object) => unknown;
}

function firing({ trigger }: Plan, number: number, nth: number): Firing {
	const key = `campaign-${number}-${nth}`;
	switch (trigger) {
		case "schedule": {
			const schedule = `arn:aws:scheduler:us-east-1:123456789012:schedule/default/${key}`;
			const scheduledTime = `2026-10-24T0${nth}:00:00Z`;
			return {
				run: nameRun({ stack: STACK, trigger, caller: schedule, key: scheduledTime }),
				event: (request) => ({ request, schedule, scheduledTime }),
			};
		}
		case "event":
			return {
				run: nameRun({ stack: STACK, trigger, caller: "release", key }),
				event: (request) => ({
					version: "0",
					id: key,
					"detail-type": "Snapshot Wanted",
					source: "release",
					account: "123456789012",
					time: "2026-10-24T02:00:00Z",
					region: "us-east-1",
					resources: [],
					detail: request,
				}),
			};
		case "http":
			return {
				run: nameRun({ stack: STACK, trigger, caller: `iam:${LOCAL_USER}`, key }),
				event: (request) =>
					toPayload({
						method: "POST",
						path: "/snapshots",
						headers: { "content-type": "application/json", "idempotency-key": key },
						body: Buffer.from(JSON.stringify(request)),
					}),
			};
	}
}

type Trigger = (event: unknown, context: unknown) => Promise<unknown>;

/** Runs that a trigger function lives for: a new one costs a tenth of a run. */
const RUNS_PER_TRIGGER = 20;

const load = async (number: number): Promise<Trigger> => {
	const path = `../../lambda/handlers/trigger.ts?process=${Math.floor(number / RUNS_PER_TRIGGER)}`;
	return ((await import(path)) as { handler: Trigger }).handler;
};

/** Attempts of Lambda at an asynchronous event, and of a patient client at a request. */
const ATTEMPTS = 3;

/** Delivers an event, again where the function failed by no fault of the caller. */
export async function deliver(delivery: Delivery, number: number, count: (name: string) => void): Promise<Answer> {
	const trigger = await load(number);
	let text = "";
	for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
		try {
			const returned = await trigger(delivery.event, context());
			text += JSON.stringify(returned);
			const { run, status } = read(returned);
			if (status < 400) return { ...(run === undefined ? {} : { run }), refused: false, text };
			if (status < 500) return { refused: true, text };
		} catch (error) {
			const { name, message, stack } = error as Error;
			text += `${name} ${message} ${stack}`;
			if (name === "RUN_NAME_TAKEN") return { refused: true, text };
		}
		count("delivery repeated after a failure");
	}
	return { refused: false, text };
}

function read(returned: unknown): { readonly run?: string; readonly status: number } {
	const { status, body } = readReply(returned);
	const { run }: { run?: string } = JSON.parse(body.toString());
	return { status, ...(run === undefined ? {} : { run }) };
}

/** @returns the body of the reply to `GET /snapshots/{run}` */
export async function readStatus(run: string, number: number): Promise<string> {
	const trigger = await load(number);
	const returned = await trigger(toPayload({ method: "GET", path: `/snapshots/${run}`, headers: {} }), context());
	return readReply(returned).body.toString();
}

const context = () => ({ awsRequestId: randomUUID(), getRemainingTimeInMillis: () => 29_000 });
