import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readLimits } from "../../../lambda/domain/limits.ts";
import type { Run } from "../../../lambda/domain/run.ts";
import type { Runs } from "../../../lambda/executions/executions.ts";
import { limitStarts } from "../../../lambda/executions/executions.ts";
import { createHookKeys } from "../../../lambda/triggers/http/hook-keys.ts";
import { createRouter } from "../../../lambda/triggers/http/router.ts";
import { sign } from "../../../lambda/triggers/http/webhook.ts";
import { handleTrigger } from "../../../lambda/triggers/receive.ts";
import { NOW } from "./arbitraries.ts";

const LONG_MS = 60_000;
const PROJECTS = ["a".repeat(24), "b".repeat(24)];
const KEYS = { github: randomBytes(24), gitlab: randomBytes(64) };
const STRANGER = randomBytes(32);

/** The trigger function but for AWS: what it starts is kept. */
function open(limits: object) {
	const started: Run[] = [];
	const read = readLimits(limits);
	if (read.faults) throw new Error(JSON.stringify(read.faults));
	const aws: Runs = { start: async (run) => void started.push(run), read: async () => undefined };
	const engine = limitStarts(aws, read.limits);
	const secret = JSON.stringify(
		Object.fromEntries(Object.entries(KEYS).map(([name, key]) => [name, `whsec_${key.toString("base64")}`])),
	);
	const clock = { now: () => NOW, pause: async () => {} };
	const hookKeys = createHookKeys(
		async () => secret,
		clock.now,
		() => {},
	);
	const face = createRouter({ engine, stack: "s", hookKeys, openapi: async () => "{}", clock, hear: () => {} });
	const reception = { face, start: engine.start, stack: "s", hear: () => {} };
	return { started, send: (event: object) => handleTrigger(reception, event, NOW + 30_000) };
}

type Caller = "github" | "gitlab" | "stranger" | "role" | "role again" | "user" | "nobody" | "event";

/** One request as a caller sends it, with its key. */
function eventOf(caller: Caller, request: object, key: string): object {
	const body = JSON.stringify(request);
	const post = (path: string, headers: object, context: object = {}) => ({
		version: "2.0",
		rawPath: path,
		headers: { "content-type": "application/json", ...headers },
		requestContext: { stage: "$default", http: { method: "POST" }, ...context },
		body,
	});
	const by = (userArn: string) => ({ authorizer: { iam: { userArn } } });
	switch (caller) {
		case "event":
			return { version: "0", id: key, source: "acme", "detail-type": "x", detail: request };
		case "nobody":
			return post("/snapshots", { "idempotency-key": key });
		case "user":
			return post("/snapshots", { "webhook-id": key }, by("arn:aws:iam::123456789012:user/ci"));
		case "role":
		case "role again": {
			const session = caller === "role" ? "one" : "two";
			return post("/snapshots", { "idempotency-key": key }, by(`arn:aws:sts::123456789012:assumed-role/ci/${session}`));
		}
		case "github":
		case "gitlab":
		case "stranger": {
			const timestamp = String(NOW / 1000);
			const mac = sign(caller === "stranger" ? STRANGER : KEYS[caller], key, timestamp, Buffer.from(body));
			const signature = `v1,${mac.toString("base64")}`;
			// A hook may not choose its name by a second key, and not by saying that it is someone.
			const lies = { "idempotency-key": "other", authorization: "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE" };
			const headers = { "webhook-id": key, "webhook-timestamp": timestamp, "webhook-signature": signature };
			return post("/hooks/snapshots", { ...lies, ...headers });
		}
	}
}

const KINDS: Readonly<Record<Caller, "hook" | "http" | "event" | undefined>> = {
	github: "hook",
	gitlab: "hook",
	role: "http",
	"role again": "http",
	user: "http",
	event: "event",
	stranger: undefined,
	nobody: undefined,
};
const callers = fc.constantFrom(...(Object.keys(KINDS) as Caller[]));
const names = fc.constantFrom("prod-a", "prod-b", "test-a", "prod");
const requests = fc.record(
	{
		projectId: fc.constantFrom(...PROJECTS),
		clusters: fc.oneof(
			fc.array(names, { minLength: 1, maxLength: 6 }),
			fc.constant("all"),
			fc.constant({ tags: { backup: "x" } }),
		),
		retentionInDays: fc.constantFrom(1, 7, 35, 36, 400, 401),
	},
	{ requiredKeys: ["clusters"] },
);
const limited = fc.record(
	{
		projectIds: fc.constantFrom(PROJECTS.slice(0, 1), PROJECTS),
		clusters: fc.constantFrom(["prod-*"], ["prod-a", "test-a"], ["*"], ["prod"]),
		maxRetentionInDays: fc.constantFrom(1, 35, 400),
		maxClusters: fc.constantFrom(1, 2, 200),
		allowSelections: fc.boolean(),
		allowAllProjects: fc.boolean(),
	},
	{ requiredKeys: [] },
);
const limits = fc.record({ hook: limited, http: limited, event: limited }, { requiredKeys: [] });

interface Told {
	readonly projectIds?: readonly string[];
	readonly clusters?: readonly string[];
	readonly maxRetentionInDays?: number;
	readonly maxClusters?: number;
	readonly allowSelections?: boolean;
	readonly allowAllProjects?: boolean;
}

/** The design's sentences once more, apart from the code: whether limits let a request pass. */
function mayPass(kind: "hook" | "http" | "event", told: Told, { request }: Pick<Run, "request">): boolean {
	const hook = kind === "hook";
	const days = told.maxRetentionInDays ?? (hook ? 35 : 400);
	const most = told.maxClusters ?? (hook ? 20 : 200);
	const { clusters, projectId, retentionInDays } = request;
	if (retentionInDays > days) return false;
	if (projectId === undefined ? told.allowAllProjects !== true : told.projectIds?.includes(projectId) === false)
		return false;
	if (!Array.isArray(clusters)) return told.allowSelections ?? !hook;
	const isNamed = (name: string) =>
		told.clusters === undefined ||
		told.clusters.some((pattern) => new RegExp(`^${pattern.replace("*", ".*")}$`).test(name));
	return clusters.length <= most && clusters.every(isNamed);
}

test(
	"promise 9: whatever a caller asks for, what starts is within its limits, and what is within them starts",
	async () => {
		const counted = { started: 0, refused: 0 };
		await fc.assert(
			fc.asyncProperty(limits, callers, requests, async (set, caller, request) => {
				const trigger = open(set);

				const reply = await trigger.send(eventOf(caller, request, "k")).catch((error: Error) => error.name);

				const kind = KINDS[caller];
				const [run] = trigger.started;
				const readable = {
					...request,
					clusters: Array.isArray(request.clusters) ? [...new Set(request.clusters)] : request.clusters,
				};
				const asked = { request: { retentionInDays: 7, ...readable } } as Pick<Run, "request">;
				const named = Array.isArray(request.clusters) && request.projectId === undefined;
				expect(run !== undefined).toBe(kind !== undefined && !named && mayPass(kind, set[kind] ?? {}, asked));
				if (run) counted.started++;
				else {
					counted.refused++;
					const status = typeof reply === "object" && "statusCode" in reply ? reply.statusCode : reply;
					expect([400, 401, 403, "NOT_ALLOWED", "REQUEST_INVALID"]).toContain(status);
				}
			}),
			{ numRuns: 4000 },
		);
		expect(Math.min(counted.started, counted.refused)).toBeGreaterThan(500);
	},
	LONG_MS,
);

test(
	"promise 9: whatever keys callers choose, one name is one caller's, and one caller's key is one name",
	async () => {
		const keys = fc.constantFrom("release-42", "a", "iam:a", '"."', "hook:github", "x".repeat(255));
		await fc.assert(
			fc.asyncProperty(fc.array(fc.tuple(callers, keys), { minLength: 2, maxLength: 12 }), async (calls) => {
				const trigger = open({});
				const owners = new Map<string, string>();

				for (const [caller, key] of calls) {
					const before = trigger.started.length;
					await trigger.send(eventOf(caller, { projectId: PROJECTS[0], clusters: ["prod-a"] }, key));
					const run = trigger.started[before];
					expect(run === undefined).toBe(KINDS[caller] === undefined);
					if (!run) continue;
					// Two sessions of a role are one caller.
					const owner = `${caller.replace(" again", "")} ${key}`;
					expect(owners.get(run.run) ?? owner).toBe(owner);
					owners.set(run.run, owner);
				}
				expect(owners.size).toBe(new Set(owners.values()).size);
			}),
			{ numRuns: 500 },
		);
	},
	LONG_MS,
);
