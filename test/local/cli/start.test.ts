import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { GetSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import { afterAll, expect, test } from "vitest";
import { startAtlas } from "../../../local/atlas/index.ts";
import { FUNCTION_ARN } from "../../../local/aws/protocol.ts";
import { runStartCommand } from "../../harness/start-command.ts";
import { clientsOf } from "../aws/clients.ts";

/** Milliseconds; for a machine that is busy with other things. */
const LONG = 120_000;

test.concurrent(
	"a schedule and an HTTP call each take a snapshot, and only their events are printed",
	async () => {
		using call = runStartCommand(["--json"]);
		const { code, out, err } = await call.ended;
		const events = out
			.trimEnd()
			.split("\n")
			.map((line) => JSON.parse(line));
		const states = (trigger: string) =>
			events
				.filter(({ detail }) => detail.trigger === trigger)
				.map(({ detail }) => [detail.state, detail.snapshot.status]);

		expect(code, err).toBe(0);
		expect(events.map((event) => Object.keys(event))).toEqual(events.map(() => ["source", "detail-type", "detail"]));
		expect(events).toHaveLength(4);
		for (const trigger of ["schedule", "http"]) {
			expect(states(trigger)).toEqual([
				["STARTED", "queued"],
				["COMPLETED", "completed"],
			]);
		}
		expect(new Set(events.map(({ detail }) => `${detail.run} ${detail.clusterName} ${detail.snapshotId}`)).size).toBe(
			2,
		);
	},
	LONG,
);

test.concurrent(
	"a request against another Atlas uses its keys, whatever the AWS variables are",
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
		using call = runStartCommand(["--atlas-url", atlas.url, ...request], env);
		const { code, out, err } = await call.ended;

		expect(code, `${out}${err}`).toBe(0);
		expect(err).toBe("");
		expect(out).toMatch(/│ prod-a +│ COMPLETED +│ created/);
		expect(out).toMatch(/│ prod-b +│ COMPLETED +│ created/);
		expect(out).not.toContain(atlas.privateKey);
	},
	LONG,
);

test.concurrent(
	"a target that does not complete makes the command end with 1, and its reason is printed",
	async () => {
		using call = runStartCommand(["--cluster", "no-such-cluster"]);
		const { code, out } = await call.ended;

		expect(code).toBe(1);
		expect(out).toMatch(/no-such-cluster REFUSED: CLUSTER_NOT_FOUND: /);
	},
	LONG,
);

test.concurrent(
	"--serve takes a snapshot by an HTTP request, and ends on a signal",
	async () => {
		using serving = runStartCommand(["--serve"]);
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
	LONG,
);

test.concurrent(
	"an open HTTP server prints the events as JSON, and gives the Atlas keys and the runs to nobody else",
	async () => {
		using serving = runStartCommand(["--serve", "--json"]);
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
	LONG,
);

test.concurrent(
	"Ctrl-C ends a call at once with 130, and names the snapshots that go on in Atlas",
	async () => {
		await using atlas = await startAtlas({ snapshotSeconds: 600 });
		const env = { MONGODB_ATLAS_CLIENT_ID: atlas.clientId, MONGODB_ATLAS_CLIENT_SECRET: atlas.clientSecret };
		using call = runStartCommand(["--atlas-url", atlas.url, "--project", atlas.projectId, "--cluster", "prod-a"], env);
		const started = await call.printed("STARTED");
		const [, snapshotId = ""] = /STARTED +snapshot ([0-9a-f]{24})/.exec(started) ?? [];
		call.interrupt();
		const { code, out } = await call.ended;

		expect(out).toContain(`go on in Atlas, unwatched:\n\n  prod-a  ${snapshotId}  project ${atlas.projectId}\n`);
		expect(out).toMatch(/│ prod-a +│ STARTED /);
		expect(code).toBe(130);
	},
	LONG,
);

test.concurrent(
	"an event is read from standard input, as curl or aws would pipe it",
	async () => {
		const request = { projectId: "5f0a1b2c3d4e5f6071829311", clusters: ["prod-a"] };
		const schedule = "arn:aws:scheduler:us-east-1:123456789012:schedule/snapshots/nightly";
		const event = { request, schedule, scheduledTime: "2026-10-24T02:00:00Z" };
		using call = runStartCommand(["--event", "-", "--json"], {}, `\uFEFF${JSON.stringify(event)}`);
		using empty = runStartCommand(["--event", "-"], {}, "");
		const { code, out } = await call.ended;
		const wrong = await empty.ended;

		expect([code, out.match(/"state":"COMPLETED"/g)?.length]).toEqual([0, 1]);
		expect([wrong.code, wrong.out, wrong.err]).toEqual([
			2,
			"",
			"--event must name an input that holds JSON; at line 1, column 1 it does not\n",
		]);
	},
	LONG,
);

test.concurrent(
	"promise 11: while a request is in doubt, the reason and the next try are shown within two seconds",
	async () => {
		await using atlas = await startAtlas({ snapshotSeconds: 1 });
		atlas.faults.add({ on: { kind: "take", times: "always" }, do: { type: "drop", when: "after" } });
		const env = { MONGODB_ATLAS_CLIENT_ID: atlas.clientId, MONGODB_ATLAS_CLIENT_SECRET: atlas.clientSecret };
		using call = runStartCommand(["--atlas-url", atlas.url, "--project", atlas.projectId, "--cluster", "prod-a"], env);
		const shown = await call.printed("waiting");
		const requestedAt = atlas.log.findLast(({ kind }) => kind === "take")?.at ?? 0;

		expect(Date.now() - requestedAt).toBeLessThan(2_000);
		expect(shown).toMatch(/prod-a +waiting +ATLAS_NO_REPLY: .*; next try in \d+ s/);
	},
	LONG,
);

test.concurrent(
	"promise 11: while Atlas cannot be reached, the reason and the next try are shown, and Ctrl-C says what is not known",
	async () => {
		const keys = { MONGODB_ATLAS_CLIENT_ID: "mdb_sa_id_1", MONGODB_ATLAS_CLIENT_SECRET: "mdb_sa_sk_1" };
		const project = "5f0a1b2c3d4e5f6071829311";
		using call = runStartCommand(
			["--atlas-url", "http://127.0.0.1:9", "--project", project, "--cluster", "prod-a"],
			keys,
		);
		const shown = await call.printed("waiting");
		call.interrupt();
		const { code, out } = await call.ended;

		expect(shown).toMatch(/prod-a +waiting +ATLAS_UNREACHABLE: .*ECONNREFUSED.*; next try in \d+ s/);
		expect(out).toMatch(/look for their descriptions in Atlas:\n\n {2}prod-a {2}project \w+ {2}… \[run:[0-9a-f]{16}\]/);
		expect(code).toBe(130);
	},
	LONG,
);

test.concurrent(
	"against a real Atlas the doctor's checks come first: no snapshot is requested that cannot succeed",
	async () => {
		await using atlas = await startAtlas({ snapshotSeconds: 1 });
		const env = { MONGODB_ATLAS_CLIENT_ID: atlas.clientId, MONGODB_ATLAS_CLIENT_SECRET: atlas.clientSecret };
		const call = (...flags: string[]) =>
			runStartCommand(["--atlas-url", atlas.url, "--project", atlas.projectId, "--poll-seconds", "1", ...flags], env);
		using paused = call("--cluster", "archive");
		using among = call("--cluster", "archive", "--cluster", "prod-a");
		using wrong = runStartCommand(["--atlas-url", atlas.url, "--all"], {
			...env,
			MONGODB_ATLAS_CLIENT_SECRET: "mdb_sa_sk_no",
		});
		const [ofPaused, ofAmong, ofWrong] = await Promise.all([paused.ended, among.ended, wrong.ended]);

		expect(ofPaused).toMatchObject({ code: 1, err: "" });
		expect(ofPaused.out).toMatch(/cannot succeed:\n\n✗ paused +cluster archive: it is paused, .*; resume it first/);
		expect(ofWrong).toMatchObject({ code: 1, out: expect.stringMatching(/✗ key +.*does not accept/) });
		// One cluster among several keeps none of the others from its snapshot.
		expect(ofAmong).toMatchObject({ code: 1, out: expect.stringMatching(/prod-a +│ COMPLETED/) });
		const requested = atlas.log.filter(({ kind, status }) => kind === "take" && status === 200);
		expect(requested).toHaveLength(1);
	},
	LONG,
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
		using call = runStartCommand([...args, "--json"], { ...keys, ...env });
		const { code, out, err } = await call.ended;
		const last = err.trimEnd().split("\n").at(-1);

		expect(code).toBe(2);
		expect(last).toContain(sentence);
		expect(err).not.toMatch(/^\s+at /m);
		expect(out).toBe("");
	},
	LONG,
);
