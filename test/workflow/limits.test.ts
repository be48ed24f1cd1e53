import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { RunInput } from "../../lambda/workflow/parts.ts";
import { acquireRunner, releaseRunner } from "../../local/aws/durable-runner.ts";
import { type Harness, startHarness } from "../harness/harness.ts";

// Held for all tests, so that the runner's thread is started once.
beforeAll(() => acquireRunner(true));
afterAll(() => releaseRunner());

let harness: Harness;
afterEach(async () => {
	await harness[Symbol.asyncDispose]();
	delete process.env["REQUEST_LIMITS"];
});

const open = (limits: object = {}) => startHarness({ env: { REQUEST_LIMITS: JSON.stringify(limits) } });
const posts = () => harness.atlas.log.filter(({ kind }) => kind === "take").length;
const finals = () =>
	harness
		.published()
		.filter(({ state }) => state !== "STARTED")
		.map(({ clusterName, state, reason }) => [clusterName, state, reason?.code ?? null]);

const HOOK = { requestedBy: "hook:github" } as const;
const IAM = { requestedBy: "iam:arn:aws:iam::123456789012:user/ci" } as const;

test.each([
	["more clusters than a hook may name", HOOK, { clusters: Array.from({ length: 21 }, (_, i) => `c${i}`) }],
	["a longer retention than a hook may ask for", HOOK, { clusters: ["prod-a"], retentionInDays: 36 }],
	["a selection by a hook", HOOK, { clusters: "all" }],
	["every project by an HTTP caller", IAM, { clusters: "all", projectId: undefined }],
] as const)(
	"promise 9: the durable function itself refuses %s, whoever invoked it, with one event and no call of Atlas",
	async (_, by, request) => {
		harness = await open();

		const { status } = await harness.runRequest(request, by);

		expect(status).toBe("FAILED");
		expect(finals()).toEqual([["*", "REFUSED", "NOT_ALLOWED"]]);
		expect(harness.published()[0]).toMatchObject(by);
		expect(harness.atlas.log).toHaveLength(0);
	},
);

test("promise 9: a cluster that a selection finds is refused where no limit names it, and keeps no other from its snapshot", async () => {
	harness = await open({ http: { clusters: ["prod-*"] } });

	const { status } = await harness.runRequest({ clusters: "all" }, IAM);

	expect(status).toBe("FAILED");
	expect(Object.fromEntries(finals().map(([cluster, state, code]) => [cluster, [state, code]]))).toMatchObject({
		"prod-a": ["COMPLETED", null],
		"prod-b": ["COMPLETED", null],
		events: ["REFUSED", "NOT_ALLOWED"],
	});
	expect(posts()).toBe(2);
});

test("promise 9: a selection that finds more clusters than allowed takes no snapshot at all", async () => {
	harness = await open({ http: { maxClusters: 2 } });

	await harness.runRequest({ clusters: "all" }, IAM);

	expect(finals()).toEqual([["*", "REFUSED", "NOT_ALLOWED"]]);
	expect(posts()).toBe(0);
});

test("promise 9: the targets of a part are held to the limits as well: they come with the input", async () => {
	harness = await open({ hook: { clusters: ["prod-a"] } });
	const { projectId } = harness.atlas;
	const targets = ["prod-a", "prod-b"].map((clusterName) => ({ projectId, clusterName }));
	const forged: Partial<RunInput> = { ...HOOK, part: { targets, startedAt: Date.now() } };

	await harness.runRequest({ clusters: ["prod-a"] }, forged);

	expect(finals().toSorted((one, other) => (String(one) < String(other) ? -1 : 1))).toEqual([
		["prod-a", "COMPLETED", null],
		["prod-b", "REFUSED", "NOT_ALLOWED"],
	]);
	expect(posts()).toBe(1);
});

test("the operator's own requests have no limits", async () => {
	harness = await open({ hook: { clusters: ["x"] }, http: { clusters: ["x"] }, event: { clusters: ["x"] } });

	const ended = [
		await harness.runRequest({ clusters: ["prod-a"], retentionInDays: 4000 }, { requestedBy: "local" }),
		await harness.runRequest(
			{ clusters: ["prod-b"], retentionInDays: 4000 },
			{ trigger: "schedule", requestedBy: "schedule:nightly" },
		),
	];

	expect(ended.map(({ status }) => status)).toEqual(["SUCCEEDED", "SUCCEEDED"]);
});
