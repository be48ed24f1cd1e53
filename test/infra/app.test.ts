import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "atlas-snapshots-app-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const example: object = JSON.parse(readFileSync(join(root, "cdk.json"), "utf8")).context;

/** Runs the app as the CDK's command line does. @param out folder of the CDK's output */
function run(context: object, out = folder): Promise<{ code: number; stdout: string; stderr: string }> {
	const env = {
		PATH: process.env["PATH"],
		CDK_OUTDIR: out,
		CDK_CONTEXT_JSON: JSON.stringify(context),
	};
	return new Promise((resolve) => {
		execFile(process.execPath, ["infra/app.ts"], { cwd: root, env }, (error, stdout, stderr) =>
			resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
		);
	});
}

test("each fault in the context is a line that names its field, with exit code 1 and no stack trace", {
	timeout: 180_000,
}, async () => {
	const { code, stderr } = await run({ atlasSnapshots: { schedules: [{ name: "x y", request: 1 }], vpc: 3 } });

	expect(code).toBe(1);
	expect(stderr.trim().split("\n")).toEqual(
		[
			"schedules.0.name must be 1 to 40 letters, digits and hyphens, a letter first",
			"schedules.0.expression is missing",
			"schedules.0.request must be a JSON object",
			"vpc must be false or a JSON object",
		].map((fault) => `context atlasSnapshots of cdk.json: ${fault}`),
	);
});

test("a stack of more resources than CloudFormation allows is refused in a line, without a stack trace", {
	timeout: 180_000,
}, async () => {
	const schedules = Array.from({ length: 450 }, (_, index) => ({
		name: `s${index}`,
		expression: "rate(1 day)",
		request: { projectId: "32b6e34b3d91647abb20e7b8", clusters: "all" },
	}));
	const { code, stderr } = await run({ atlasSnapshots: { alarmEmail: "on-call@acme.test", schedules } });

	expect(code).toBe(1);
	expect(stderr).toMatch(
		/^context atlasSnapshots of cdk\.json: schedules, .* resources, and CloudFormation allows 500; .*\n$/,
	);
});

test("a template that nears CloudFormation's limit is no reason for a warning", { timeout: 180_000 }, async () => {
	const clusters = Array.from({ length: 300 }, (_, index) => `cluster-${index}`);
	const request = { projectId: "32b6e34b3d91647abb20e7b8", clusters };
	const { code, stderr } = await run({
		atlasSnapshots: {
			alarmEmail: "on-call@acme.test",
			perClusterAlarms: true,
			schedules: [{ name: "nightly", expression: "rate(1 day)", request }],
		},
	});

	expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});

test("the example synthesizes, twice at once, warned only that nobody is notified, without findings of cdk-nag and the functions in it", {
	timeout: 180_000,
}, async () => {
	const second = join(folder, "second");
	const [{ code, stdout, stderr }, twin] = await Promise.all([run(example), run(example, second)]);

	expect({ code, stderr }).toEqual({
		code: 0,
		stderr: "warning: alarmEmail: neither it nor alarmTopicArn is set, so nobody is notified of alarms\n",
	});
	const [, path = ""] =
		/^stack AtlasSnapshots: \d+ resources, 1 schedules, 1 event rules; template (\S+)$/m.exec(stdout) ?? [];
	expect(readFileSync(join(root, path), "utf8")).toContain("AWS::Lambda::Function");
	expect(reports()).toMatchObject([{ pluginName: "AwsSolutions", conclusion: "success" }]);
	const { files } = JSON.parse(readFileSync(join(folder, "AtlasSnapshots.assets.json"), "utf8"));
	const folders = Object.values<{ source: { packaging: string; path: string } }>(files).filter(
		({ source }) => source.packaging === "zip",
	);
	expect(folders.length).toBeGreaterThanOrEqual(2);
	expect(twin).toEqual({ code, stdout: stdout.replace("/AtlasSnapshots.t", "/second/AtlasSnapshots.t"), stderr });
	for (const { source } of folders) {
		expect(readdirSync(join(second, source.path))).toEqual(readdirSync(join(folder, source.path)));
	}
});

const reports = (): unknown => JSON.parse(readFileSync(join(folder, "validation-report.json"), "utf8")).pluginReports;
