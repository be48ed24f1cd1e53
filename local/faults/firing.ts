import { createHmac } from "node:crypto";
import { toGatewayEvent } from "../gateway/event.ts";
import type { Plan } from "./plan.ts";

/** Of each caller of hooks: its key, as the secret holds it. */
export const HOOK_KEYS = {
	one: `whsec_${Buffer.from("a key of the campaign's own: 32 B").toString("base64")}`,
	two: `whsec_${Buffer.from("another key of the campaign: 32B").toString("base64")}`,
};

/** Every caller but a schedule may name these clusters only; else the defaults hold. */
const OWN = { clusters: ["c*"] };
export const LIMITS = { hook: OWN, http: OWN, event: OWN };

/** One occasion to take snapshots, and how it looks to the trigger function each time that it is delivered. */
export interface Firing {
	/** What its snapshots' descriptions begin with: no other firing has it. */
	readonly description: string;
	readonly clusters: readonly string[];
	/** Whether the trigger function has to refuse it. */
	readonly forbidden: boolean;
	readonly event: (changes?: object) => unknown;
}

/** Of the caller's key; where two callers choose the same one, this is the second of them. */
interface Key {
	readonly key: string;
	readonly second: boolean;
}

/** @param name no other firing has it */
export function createFiring(plan: Plan, projectId: string, name: string, { key, second }: Key): Firing {
	const clusters = plan.clusters.map((_cluster, index) => `c${index}`);
	const { selection, onConflict, deadlineMinutes, minimumAgeMinutes } = plan.wanted;
	const selected = { named: clusters, all: "all", tags: { tags: { backup: "nightly", "it's": "ours" } } };
	const beyond = plan.trigger === "schedule" ? "nothing" : plan.beyondLimits;
	const request = {
		...(beyond !== "all projects" && { projectId }),
		clusters: beyond === "all projects" ? "all" : selected[selection],
		onConflict,
		deadlineMinutes,
		description: name,
		...(minimumAgeMinutes !== null && { minimumAgeMinutes }),
		...(beyond === "retention" && { retentionInDays: 401 }),
		...(beyond === "cluster" && { clusters: [...clusters, "payroll"] }),
	};
	// The second caller of an HTTP request's key is a hook.
	const isHook = plan.trigger === "hook" || (plan.trigger === "http" && second);
	const look = isHook ? LOOKS.hook : LOOKS[plan.trigger];
	return {
		description: name,
		clusters,
		// A hook may not select, nor name more than twenty.
		forbidden: beyond !== "nothing" || (isHook && (selection !== "named" || clusters.length > 20)),
		event: (changes = {}) => look({ ...request, ...changes }, key.replaceAll(" ", "-"), second),
	};
}

const LOOKS: Readonly<Record<Plan["trigger"], (request: object, key: string, second: boolean) => unknown>> = {
	schedule: (request, key, second) => ({
		request,
		schedule: `arn:aws:scheduler:us-east-1:123456789012:schedule/default/${key}${second ? "-too" : ""}`,
		scheduledTime: "2026-10-24T02:00:00Z",
	}),
	event: (request, key, second) => ({
		version: "0",
		id: key,
		"detail-type": "Snapshot Wanted",
		source: second ? "migration" : "release",
		account: "123456789012",
		time: "2026-10-24T02:00:00Z",
		region: "us-east-1",
		resources: [],
		detail: request,
	}),
	http: (request, key) =>
		toGatewayEvent({
			method: "POST",
			path: "/snapshots",
			headers: { "content-type": "application/json", "idempotency-key": key },
			body: Buffer.from(JSON.stringify(request)),
		}),
	/** Signed anew at each delivery, as senders do. @see Standard Webhooks specification, "Signature scheme" */
	hook: (request, id, second) => {
		const body = JSON.stringify(request);
		const timestamp = String(Math.floor(Date.now() / 1000));
		const secret = Buffer.from(HOOK_KEYS[second ? "two" : "one"].slice("whsec_".length), "base64");
		const signature = createHmac("sha256", secret).update(`${id}.${timestamp}.${body}`).digest("base64");
		return toGatewayEvent({
			method: "POST",
			path: "/hooks/snapshots",
			headers: {
				"content-type": "application/json",
				"webhook-id": id,
				"webhook-timestamp": timestamp,
				"webhook-signature": `v1,${signature}`,
			},
			body: Buffer.from(body),
		});
	},
};
