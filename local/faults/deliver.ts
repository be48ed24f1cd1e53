import { randomUUID } from "node:crypto";
import { readFunctionReply, toGatewayEvent } from "../gateway/event.ts";
import type { Firing } from "./firing.ts";
import type { Plan } from "./plan.ts";

/** What the trigger function made of a delivery. */
export interface Answer {
	/** What the descriptions of its snapshots would begin with. */
	readonly description: string;
	/** The run that was accepted. */
	readonly run?: string;
	readonly refused: boolean;
	/** Whether it had to be refused. */
	readonly forbidden: boolean;
	/** Everything that the caller, or Lambda's log, gets to see. */
	readonly text: string;
}

/** One delivery of a firing. */
interface Delivery {
	readonly firing: Firing;
	/** Under the firing's key, but with another request: it has to be refused. */
	readonly changes?: object;
}

/** Deliveries that come at the same time, so many seconds after the runs before have ended. */
export interface Round {
	readonly afterSeconds: number;
	readonly deliveries: readonly Delivery[];
}

/** @param create makes a firing of a number; under the key of the first one, where a second caller chose the same */
export function roundsOf({ delivery }: Plan, create: (nth: number, sameKey?: boolean) => Firing) {
	const first = create(0);
	const round = (...firings: readonly Firing[]): Round => ({
		afterSeconds: 0,
		deliveries: firings.map((firing) => ({ firing })),
	});
	const one = (...rounds: readonly Round[]) => ({ firings: [first], rounds });
	switch (delivery) {
		case "once":
			return one(round(first));
		case "twice":
			return one(round(first, first));
		case "three times":
			return one(round(first, first), round(first));
		case "hours apart":
			return one(round(first), { ...round(first), afterSeconds: 20_000 });
		case "other request":
			return one(round(first), { afterSeconds: 0, deliveries: [{ firing: first, changes: { deadlineMinutes: 61 } }] });
		case "two at once": {
			const second = create(1);
			return { firings: [first, second], rounds: [round(first, second)] };
		}
		case "same key of two callers": {
			const second = create(1, true);
			return { firings: [first, second], rounds: [round(first, second), round(second, first)] };
		}
		case "out of order": {
			const second = create(1);
			return { firings: [first, second], rounds: [round(second), round(first), round(second, first)] };
		}
	}
}

/** The trigger function. */
export type Trigger = (event: unknown, context: unknown) => Promise<unknown>;

/** Attempts of Lambda at an asynchronous event, and of a patient client at a request. */
const ATTEMPTS = 3;

/** Delivers an event, again where the function failed by no fault of the caller. */
export async function deliver(
	trigger: Trigger,
	{ firing, changes }: Delivery,
	count: (name: string) => void,
): Promise<Answer> {
	const forbidden = firing.forbidden || changes !== undefined;
	const { description } = firing;
	const refused = { description, refused: true, forbidden };
	let text = "";
	for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
		try {
			const returned = await trigger(firing.event(changes), context());
			text += JSON.stringify(returned);
			const { run, status } = read(returned);
			if (status < 400) return { description, ...(run !== undefined && { run }), refused: false, forbidden, text };
			if (status < 500) return { ...refused, text };
		} catch (error) {
			const { name, message, stack } = error as Error;
			text += `${name} ${message} ${stack}`;
			if (name === "RUN_NAME_TAKEN" || name === "NOT_ALLOWED") return { ...refused, text };
		}
		count("delivery repeated after a failure");
	}
	return { description, refused: false, forbidden, text };
}

function read(returned: unknown): { readonly run?: string; readonly status: number } {
	const { status, body } = readFunctionReply(returned);
	const { run }: { run?: string } = JSON.parse(body.toString());
	return { status, ...(run !== undefined && { run }) };
}

/** @returns the body of the reply to `GET /snapshots/{run}` */
export async function readStatus(trigger: Trigger, run: string): Promise<string> {
	const returned = await trigger(toGatewayEvent({ method: "GET", path: `/snapshots/${run}`, headers: {} }), context());
	return readFunctionReply(returned).body.toString();
}

const context = () => ({ awsRequestId: randomUUID(), getRemainingTimeInMillis: () => 29_000 });
