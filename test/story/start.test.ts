import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { GetSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import { afterAll, expect, test } from "vitest";
import { startAtlas } from "../../local/atlas/index.ts";
import { FUNCTION_ARN } from "../../local/aws/names.ts";
import { clientsOf } from "../local/aws/clients.ts";
import { start } from "./run-start.ts";

const SECONDS = 1000;

test.concurrent(
	"a schedule and an HTTP call each take a snapshot, and only their events are printed",
	async () => {
		using call = start(["--json"]);
		const { code, out, err } = await call.ended;
		const events = out
			.trimEnd()
			.split("\n")
			.map((line) => JSON.parse(line));
		const story = (trigger: string) =>
			events
				.filter(({ detail }) => detail.trigger === trigger)
				.map(({ detail }) => [detail.state, detail.snapshot.status]);

		expect(code, err).toBe(0);
		expect(events.map((event) => Object.keys(event))).toEqual(events.map(() => ["source", "detail-type", "detail"]));
		expect(events).toHaveLength(4);
		for (const trigger of ["schedule", "http"]) {
			expect(story(trigger)).toEqual([
				["STARTED", "queued"],
				["COMPLETED", "completed"],
			]);
		}
		expect(new Set(events.map(({ detail }) => `${detail.run} ${detail.clusterName} ${detail.snapshotId}`)).size).toBe(
			2,
		);
	},
	30 * SECONDS,
);

test.concurrent(
	"a request against another Atlas is carried out with its keys, whatever AWS is set to",
	async () => {
		await using atlas = await startAtlas({ snapshotSeconds: 1 });
		const request = ["--project", atlas.projectId, "--cluster", "prod-a", "--cluster", "prod-b", "--poll-seconds", "1"];
		const env = {
			MONGODB_ATLAS_CLIENT_ID: "",
			MONGODB_ATLAS_PUBLIC_API_KEY: atlas.publicKey,
			MONGODB_ATLAS_PRIVATE_API_KEY: atlas.privateKey,
			AWS_PROFILE: "production",
			AWS_USE_FIPS_ENDPOINT: "true",
			AWS_ENDPOINT_URL: "http://127.0.0.1:9",
			LOG_LEVEL: "chatty",
		};
		using call = start(["--atlas-url", atlas.url, ...request], env);
		const { code, out, err } = await call.ended;

		expect(code, `${out}${err}`).toBe(0);
		expect(err).toBe("");
		expect(out).toMatch(/│ prod-a +│ COMPLETED +│ created/);
		expect(out).toMatch(/│ prod-b +│ COMPLETED +│ created/);
		expect(out).not.toContain(atlas.privateKey);
	},
	30 * SECONDS,
);

test.concurrent(
	"a target that does not complete makes the call end with 1, and its reason is told",
	async () => {
		using call = start(["--cluster", "no-such-cluster"]);
		const { code, out } = await call.ended;

		expect(code).toBe(1);
		expect(out).toMatch(/no-such-cluster REFUSED: CLUSTER_NOT_FOUND: /);
	},
	30 * SECONDS,
);

test.concurrent(
	"an open HTTP face takes a request by a real request and ends when it is told to",
	async () => {
		using serving = start(["--serve"]);
		const out = await serving.printed("curl");
		const [, url = "", body = ""] = /curl -i (\S+)\/snapshots .* -d '(.*)'/.exec(out) ?? [];
		const headers = { "content-type": "application/json" };
		const reply = await fetch(`${url}/snapshots`, { method: "POST", headers, body });
		const status = await fetch(`${url}${reply.headers.get("location") ?? ""}`);
		serving.interrupt();

		expect([reply.status, status.status]).toEqual([202, 200]);
		expect(await status.json()).toMatchObject({ status: "RUNNING", targets: [{ clusterName: "prod-a" }] });
		expect((await serving.ended).code).toBe(130);
	},
	30 * SECONDS,
);

test.concurrent(
	"an open HTTP server prints the events as JSON, and gives the Atlas keys and the runs to nobody else",
	async () => {
		using serving = start(["--serve", "--json"]);
		const printed = await serving.printed("curl");
		const [, aws = ""] = /^.*AWS .* at (http:\S+)$/m.exec(printed) ?? [];
		const [, url = "", body = ""] = /curl -i (\S+)\/snapshots .* -d '(.*)'/.exec(printed) ?? [];
		const local = { url: aws, credentials: { accessKeyId: "local", secretAccessKey: "local" } };
		const { secretsManager, lambda } = clientsOf(local);
		const unsigned = await fetch(aws, {
			method: "POST",
			headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": "secretsmanager.GetSecretValue" },
			body: '{"SecretId":"atlas-keys"}',
		});
		const json = { "content-type": "application/json" };
		const post = (headers: Record<string, string>) => fetch(`${url}/snapshots`, { method: "POST", headers, body });

		expect([unsigned.status, await unsigned.text()]).toEqual([403, expect.not.stringContaining("clientSecret")]);
		await expect(secretsManager.send(new GetSecretValueCommand({ SecretId: "atlas-keys" }))).rejects.toThrow("signed");
		await expect(
			lambda.send(
				new InvokeCommand({ FunctionName: FUNCTION_ARN, InvocationType: "Event", Payload: Buffer.from(body) }),
			),
		).rejects.toThrow("signed");
		expect((await post({ ...json, origin: "https://evil.example" })).status).toBe(403);
		expect((await post({ ...json, origin: "null" })).status).toBe(403);
		expect((await post({ "content-type": "text/plain" })).status).toBe(415);
		expect((await post(json)).status).toBe(202);
		await serving.printed('"state":"COMPLETED"');
		serving.interrupt();
		const { code, out } = await serving.ended;
		const states = out
			.trimEnd()
			.split("\n")
			.map((line) => JSON.parse(line).detail.state);

		expect([code, states]).toEqual([130, ["STARTED", "COMPLETED"]]);
	},
	30 * SECONDS,
);

test.concurrent(
	"Ctrl-C ends a call at once with 130, and says what goes on",
	async () => {
		await using atlas = await startAtlas({ snapshotSeconds: 600 });
		const env = { MONGODB_ATLAS_CLIENT_ID: atlas.clientId, MONGODB_ATLAS_CLIENT_SECRET: atlas.clientSecret };
		using call = start(["--atlas-url", atlas.url, "--project", atlas.projectId, "--cluster", "prod-a"], env);
		await call.printed("STARTED");
		call.interrupt();
		const { code, out } = await call.ended;

		expect(out).toContain("1 of the runs still went on");
		expect(out).toMatch(/│ prod-a +│ STARTED /);
		expect(code).toBe(130);
	},
	30 * SECONDS,
);

test.concurrent(
	"an event is read from standard input, as curl or aws would pipe it",
	async () => {
		const request = { projectId: "5f0a1b2c3d4e5f6071829311", clusters: ["prod-a"] };
		const schedule = "arn:aws:scheduler:us-east-1:123456789012:schedule/snapshots/nightly";
		const event = { request, schedule, scheduledTime: "2026-10-24T02:00:00Z" };
		using call = start(["--event", "-", "--json"], {}, JSON.stringify(event));
		using empty = start(["--event", "-"], {}, "");
		const { code, out } = await call.ended;
		const wrong = await empty.ended;

		expect([code, out.match(/"state":"COMPLETED"/g)?.length]).toEqual([0, 1]);
		expect([wrong.code, wrong.out, wrong.err]).toEqual([2, "", "--event must name an input that holds JSON\n"]);
	},
	30 * SECONDS,
);

const folder = mkdtempSync(join(tmpdir(), "atlas-snapshots-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: unknown) => {
	writeFileSync(join(folder, name), JSON.stringify(content));
	return join(folder, name);
};
const gateway = (body: string) => ({
	version: "2.0",
	rawPath: "/snapshots",
	headers: { "content-type": "application/json" },
	requestContext: { http: { method: "POST", path: "/snapshots" }, stage: "$default" },
	body,
});

test.each([
	["an unknown flag", ["--foo"], {}, "--foo is not known"],
	[
		"a real Atlas without keys",
		["--atlas-url", "https://cloud.mongodb.com", "--all"],
		{},
		"needs the keys in the environment",
	],
	[
		"a default request that breaks rules",
		["--all"],
		{ DEFAULT_REQUEST: '{"clusters":"all","x":1}' },
		"DEFAULT_REQUEST",
	],
	[
		"an event that is none of ours",
		["--event", file("none.json", { Records: [] })],
		{},
		"event: Records must be absent",
	],
	[
		"Scheduler input with a faulty request",
		["--event", file("input.json", { request: {}, schedule: "a" })],
		{},
		"clusters is missing",
	],
	["a request whose body is no JSON", ["--event", file("request.json", gateway("{"))], {}, "HTTP 400: "],
])(
	"a call with %s ends with 2 and one sentence, never a stack",
	async (_what, args, env, sentence) => {
		const keys = { MONGODB_ATLAS_CLIENT_ID: "", MONGODB_ATLAS_PUBLIC_API_KEY: "" };
		using call = start([...args, "--json"], { ...keys, ...env });
		const { code, out, err } = await call.ended;
		const last = err.trimEnd().split("\n").at(-1);

		expect(code).toBe(2);
		expect(last).toContain(sentence);
		expect(err).not.toMatch(/^\s+at /m);
		expect(out).toBe("");
	},
	30 * SECONDS,
);
