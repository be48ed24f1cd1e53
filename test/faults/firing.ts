import { createHmac } from "node:crypto";
import { toPayload } from "../../local/gateway/payload.ts";
import type { Plan } from "./plan.ts";

/** The key by which the campaign signs hooks. */
export const HOOK_KEY = Buffer.from("a key of the campaign's own: 32 B");

/** One occasion to take snapshots, and how it looks to the trigger function each time that it is delivered. */
export interface Firing {
	/** What its snapshots' descriptions begin with: no other firing has it. */
	readonly description: string;
	readonly clusters: readonly string[];
	/** Whether the trigger function has to refuse it. */
	readonly forbidden: boolean;
	readonly event: (changes?: object) => unknown;
}

/** @param name no other firing has it */
export function createFiring(plan: Plan, projectId: string, name: string): Firing {
	const clusters = plan.clusters.map((_cluster, index) => `c${index}`);
	const { selection, onConflict, deadlineMinutes, minimumAgeMinutes } = plan.wanted;
	const selected = { named: clusters, all: "all", tags: { tags: { backup: "nightly", "it's": "ours" } } };
	const request = {
		projectId,
		clusters: selected[selection],
		onConflict,
		deadlineMinutes,
		description: name,
		...(minimumAgeMinutes !== null && { minimumAgeMinutes }),
	};
	const look = LOOKS[plan.trigger];
	return {
		description: name,
		clusters,
		// A hook may not select, nor name more than twenty.
		forbidden: plan.trigger === "hook" && (selection !== "named" || clusters.length > 20),
		event: (changes = {}) => look({ ...request, ...changes }, name),
	};
}

const LOOKS: Readonly<Record<Plan["trigger"], (request: object, key: string) => unknown>> = {
	schedule: (request, key) => ({
		request,
		schedule: `arn:aws:scheduler:us-east-1:123456789012:schedule/default/${key.replaceAll(" ", "-")}`,
		scheduledTime: "2026-10-24T02:00:00Z",
	}),
	event: (request, key) => ({
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
	http: (request, key) =>
		toPayload({
			method: "POST",
			path: "/snapshots",
			headers: { "content-type": "application/json", "idempotency-key": key },
			body: Buffer.from(JSON.stringify(request)),
		}),
	/** Signed anew at each delivery, as senders do. @see Standard Webhooks specification, "Signature scheme" */
	hook: (request, key) => {
		const body = JSON.stringify(request);
		const id = key.replaceAll(" ", "-");
		const timestamp = String(Math.floor(Date.now() / 1000));
		const signature = createHmac("sha256", HOOK_KEY).update(`${id}.${timestamp}.${body}`).digest("base64");
		return toPayload({
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
