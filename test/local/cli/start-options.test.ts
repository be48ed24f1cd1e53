import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { UsageError } from "../../../local/cli/command.ts";
import { readStartOptions } from "../../../local/cli/start-options.ts";

const project = "32b6e34b3d91647abb20e7b8";
const url = "https://cloud.mongodb.com";
const folder = mkdtempSync(join(tmpdir(), "atlas-snapshots-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string): string => {
	writeFileSync(join(folder, name), text);
	return join(folder, name);
};
const read = (line: string, env = {}) => readStartOptions(line === "" ? [] : line.split(" "), env);

test("a call without flags is the demonstration", async () => {
	expect(await read("")).toEqual({ json: false, work: { kind: "demo" } });
	expect(await read("--json --poll-seconds 0.5")).toEqual({ json: true, pollSeconds: "0.5", work: { kind: "demo" } });
});

test("the flags of a request become the request, in the simulator's project where none is named", async () => {
	const { work } = await read(
		"--cluster a --cluster b --retention-days 3 --description nightly --on-conflict wait --deadline-minutes 60 --minimum-age-minutes 720",
	);

	expect(work.kind === "request" && work.request(project)).toEqual({
		projectId: project,
		clusters: ["a", "b"],
		retentionInDays: 3,
		description: "nightly",
		onConflict: "wait",
		deadlineMinutes: 60,
		minimumAgeMinutes: 720,
	});
});

test("a request by tags or of all clusters may leave the project out, and then reaches every project", async () => {
	const { work: tags } = await read("--tag backup=nightly --tag team=a=b");
	const { work: all } = await read(`--all --project ${project}`);

	expect(tags.kind === "request" && tags.request(project)).toEqual({
		clusters: { tags: { backup: "nightly", team: "a=b" } },
	});
	expect(all.kind === "request" && all.request(undefined)).toEqual({ projectId: project, clusters: "all" });
});

test("a real Atlas gets the keys of the environment, of every pair that is whole", async () => {
	const env = {
		MONGODB_ATLAS_CLIENT_ID: "id",
		MONGODB_ATLAS_CLIENT_SECRET: "secret",
		MONGODB_ATLAS_PUBLIC_API_KEY: "p",
	};
	const call = await read(`--atlas-url ${url}/ --project ${project} --cluster a`, env);

	expect(call.atlas).toEqual({
		url,
		secret: '{"MONGODB_ATLAS_CLIENT_ID":"id","MONGODB_ATLAS_CLIENT_SECRET":"secret"}',
	});
});

test("an event is read from its file", async () => {
	expect((await read(`--event ${file("event.json", '{"id":"1"}')}`)).work).toEqual({
		kind: "event",
		event: { id: "1" },
	});
});

test("the HTTP API listens on --port, and needs the caller's own keys under --iam", async () => {
	const env = {
		AWS_ACCESS_KEY_ID: "id",
		AWS_SECRET_ACCESS_KEY: "secret",
		WEBHOOK_SECRETS: "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3",
	};

	expect((await read("--serve")).work).toEqual({ kind: "serve", port: 0 });
	expect(await read("--serve --port 8080 --iam", env)).toEqual({
		json: false,
		hookKeys: env.WEBHOOK_SECRETS,
		work: { kind: "serve", port: 8080, keys: { accessKeyId: "id", secretAccessKey: "secret" } },
	});
});

test.each([
	["--foo", "--foo is not known"],
	["--project", "--project needs a value"],
	["--cluster --json", "--cluster needs a value"],
	["--json=yes", "--json takes no value"],
	["prod-a", "every value must follow its flag"],
	[`--project ${project} --project ${project}`, "--project must be given once"],
	["--project XYZ --cluster a", "--project must be 24 hexadecimal digits"],
	["--cluster a_b", "--cluster must be a cluster name"],
	["--cluster a --retention-days 0", "--retention-days must be 1 or more"],
	["--cluster a --retention-days 1.5", "--retention-days must be a whole number of days"],
	["--cluster a --retention-days one", "--retention-days must be a whole number of days"],
	["--cluster a --deadline-minutes 0", "--deadline-minutes must be"],
	["--cluster a --deadline-minutes 1.5", "--deadline-minutes must be a whole number"],
	["--cluster a --minimum-age-minutes -", "--minimum-age-minutes must be a whole number"],
	["--serve --deadline-minutes 5", "--deadline-minutes must be left out beside --serve"],
	["--minimum-age-minutes 5", "--cluster, --all or --tag must say which clusters"],
	["--cluster a --on-conflict never", "--on-conflict must be join, wait, skip or fail"],
	[`--cluster a --description ${"x".repeat(401)}`, "--description must not be longer than 400 characters"],
	["--all --tag a=b", "--all and --tag exclude each other"],
	["--retention-days 3", "--cluster, --all or --tag must say which clusters"],
	["--tag backup", "--tag must be KEY=VALUE"],
	["--tag a=1 --tag a=2", "--tag must name each key once"],
	["--poll-seconds 0", "--poll-seconds must be a number from 0.1 to 3600"],
	["--poll-seconds 1e9", "--poll-seconds must be a number from 0.1 to 3600"],
	["--port 8080", "--port needs --serve"],
	["--iam", "--iam needs --serve"],
	["--serve --port 65536", "--port must be a whole number from 0 to 65535"],
	["--serve --iam", "--iam needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"],
	["--serve --event x", "--serve and --event exclude each other"],
	["--serve --cluster a", "--cluster must be left out beside --serve"],
	["--event x --all", "--all must be left out beside --event"],
	[`--event ${folder}/none`, "--event must name a file that can be read (ENOENT)"],
	[`--event ${file("broken.json", "{")}`, "--event must name a file that holds JSON"],
	["--atlas-url http://example.org --all", "--atlas-url must be an https URL"],
	[`--atlas-url ${url}`, "--atlas-url needs a request beside it"],
	[`--atlas-url ${url} --all`, "--atlas-url needs the keys in the environment"],
	[`--atlas-url ${url} --cluster a`, "--project is missing (it may be left out only beside --all or --tag)"],
])("a call with %s is refused by one sentence that names the flag and the rule", async (line, sentence) => {
	const refusal = await attempt(() => read(line));

	expect(refusal).toBeInstanceOf(UsageError);
	expect(refusal).toMatchObject({ message: expect.stringContaining(sentence) });
	expect(String(refusal)).not.toContain("\n");
});

test("every fault of a request is named at once", async () => {
	const refusal = await attempt(() => read("--cluster a_b --retention-days 0 --on-conflict never"));

	expect(String(refusal)).toMatch(/--cluster .*; --retention-days .*; --on-conflict /);
});

test("a malformed hook key or half a pair of keys is refused without being quoted", async () => {
	const hook = await attempt(() => read("", { WEBHOOK_SECRETS: "whsec_c2VjcmV0" }));
	const half = await attempt(() => read(`--atlas-url ${url} --all`, { MONGODB_ATLAS_CLIENT_SECRET: "c2VjcmV0" }));

	expect(hook).toMatchObject({ message: expect.stringContaining("WEBHOOK_SECRETS must hold whsec_") });
	expect(half).toMatchObject({ message: expect.stringContaining("MONGODB_ATLAS_CLIENT_ID") });
	expect(`${String(hook)}${String(half)}`).not.toContain("c2VjcmV0");
});

async function attempt(work: () => unknown): Promise<unknown> {
	try {
		return await work();
	} catch (error) {
		return error;
	}
}
