import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Run } from "../../../lambda/domain/run.ts";
import { createTestRouter, gatewayEvent, keyText, signedHeaders } from "../../harness/router.ts";

const TIMEOUT_MS = 60_000;
const PROJECTS = ["a".repeat(24), "b".repeat(24)];
const KEYS = { github: randomBytes(24), gitlab: randomBytes(64), "unknown key": randomBytes(32) };
const SECRET = JSON.stringify({ github: keyText(KEYS.github), gitlab: keyText(KEYS.gitlab) });
const createTrigger = (limits: object) => createTestRouter({ limits, secret: () => SECRET });

type Caller = "github" | "gitlab" | "unknown key" | "role" | "role again" | "user" | "no caller" | "event";

/** One request as a caller sends it, with its key. */
function eventOf(caller: Caller, request: object, key: string): object {
	const post = (headers: object, userArn?: string) => gatewayEvent("POST", "/snapshots", request, headers, userArn);
	const session = (name: string) => `arn:aws:sts::123456789012:assumed-role/ci/${name}`;
	switch (caller) {
		case "event":
			return { version: "0", id: key, source: "acme", "detail-type": "x", detail: request };
		case "no caller":
			return post({ "idempotency-key": key });
		case "user":
			return post({ "webhook-id": key }, "arn:aws:iam::123456789012:user/ci");
		case "role":
			return post({ "idempotency-key": key }, session("one"));
		case "role again":
			return post({ "idempotency-key": key }, session("two"));
		case "github":
		case "gitlab":
		case "unknown key": {
			const signed = signedHeaders(KEYS[caller], key, JSON.stringify(request));
			// A second key must not name a hook's run.
			return gatewayEvent("POST", "/hooks/snapshots", request, { "idempotency-key": "other", ...signed });
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
	"unknown key": undefined,
	"no caller": undefined,
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

interface Limit {
	readonly projectIds?: readonly string[];
	readonly clusters?: readonly string[];
	readonly maxRetentionInDays?: number;
	readonly maxClusters?: number;
	readonly allowSelections?: boolean;
	readonly allowAllProjects?: boolean;
}

/** Whether limits allow a request: the documented rules, written a second time. */
function isAllowed(kind: "hook" | "http" | "event", limit: Limit, { request }: Pick<Run, "request">): boolean {
	const hook = kind === "hook";
	const days = limit.maxRetentionInDays ?? (hook ? 35 : 400);
	const most = limit.maxClusters ?? (hook ? 20 : 200);
	const { clusters, projectId, retentionInDays } = request;
	if (retentionInDays > days) return false;
	if (projectId === undefined ? limit.allowAllProjects !== true : limit.projectIds?.includes(projectId) === false)
		return false;
	if (!Array.isArray(clusters)) return limit.allowSelections ?? !hook;
	const isNamed = (name: string) =>
		limit.clusters === undefined ||
		limit.clusters.some((pattern) => new RegExp(`^${pattern.replace("*", ".*")}$`).test(name));
	return clusters.length <= most && clusters.every(isNamed);
}

test(
	"promise 9: a run starts exactly if its request is within the caller's limits",
	async () => {
		const counted = { started: 0, refused: 0 };
		await fc.assert(
			fc.asyncProperty(limits, callers, requests, async (set, caller, request) => {
				const trigger = createTrigger(set);

				const reply = await trigger.invoke(eventOf(caller, request, "k")).catch((error: Error) => error.name);

				const kind = KINDS[caller];
				const [run] = trigger.started;
				const readable = {
					...request,
					clusters: Array.isArray(request.clusters) ? [...new Set(request.clusters)] : request.clusters,
				};
				const expected = { request: { retentionInDays: 7, ...readable } } as Pick<Run, "request">;
				const named = Array.isArray(request.clusters) && request.projectId === undefined;
				expect(run !== undefined).toBe(kind !== undefined && !named && isAllowed(kind, set[kind] ?? {}, expected));
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
	TIMEOUT_MS,
);

test(
	"promise 9: for any keys, a run's name belongs to one caller and one key",
	async () => {
		const keys = fc.constantFrom("release-42", "a", "iam:a", '"."', "hook:github", "x".repeat(255));
		await fc.assert(
			fc.asyncProperty(fc.array(fc.tuple(callers, keys), { minLength: 2, maxLength: 12 }), async (calls) => {
				const trigger = createTrigger({});
				const owners = new Map<string, string>();

				for (const [caller, key] of calls) {
					const before = trigger.started.length;
					await trigger.invoke(eventOf(caller, { projectId: PROJECTS[0], clusters: ["prod-a"] }, key));
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
	TIMEOUT_MS,
);
