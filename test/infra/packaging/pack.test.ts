import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, expect, test } from "vitest";
import { blocksOf, ROOT } from "../../runbook/blocks.ts";

const run = promisify(execFile);
const app = mkdtempSync(join(tmpdir(), "atlas-snapshots-app-"));
afterAll(() => rmSync(app, { recursive: true }));

const installed = join(app, "node_modules", "atlas-snapshots");
const [example = "", consumer = ""] = blocksOf("docs/own-app.md", "ts");
let tarball: Buffer;

/** Builds and packs the package, and installs it into an empty app beside what it says that it needs, and nothing more. */
beforeAll(async () => {
	await run("npm", ["run", "build"], { cwd: ROOT });
	await run("npm", ["pack", "--silent", "--pack-destination", app], { cwd: ROOT });
	const [name = ""] = readdirSync(app).filter((file) => file.endsWith(".tgz"));
	tarball = readFileSync(join(app, name));
	mkdirSync(installed, { recursive: true });
	await run("tar", ["-xzf", join(app, name), "-C", installed, "--strip-components=1"]);
	const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
	for (const needed of Object.keys({ ...dependencies, ...peerDependencies })) {
		symlinkSync(join(ROOT, "node_modules", needed), join(app, "node_modules", needed));
	}
	writeFileSync(join(app, "package.json"), '{ "dependencies": { "atlas-snapshots": "*" } }');
	writeFileSync(join(app, "app.mts"), example);
	writeFileSync(join(app, "app.cts"), example);
	writeFileSync(join(app, "consumer.mts"), consumer);
	writeFileSync(join(app, "consumer.cts"), consumer);
}, 180_000);

const TO_COMMONJS = [/^import \{ (.*) \} from (".*");$/gm, "const { $1 } = require($2);"] as const;

test.concurrent.each([
	["CommonJS", "app.cjs", example.replaceAll(...TO_COMMONJS)],
	["ES modules", "app.mjs", example],
])(
	"an empty app of %s synthesizes two stacks with the packaged construct",
	{ timeout: 120_000 },
	async (_, file, code) => {
		const out = join(app, `${file}.out`);
		writeFileSync(join(app, file), code);
		const { stderr } = await run(process.execPath, [file], {
			cwd: app,
			env: { PATH: process.env["PATH"], CDK_OUTDIR: out },
		});

		expect(stderr).toBe("");
		for (const stack of ["StagingBackups", "ProductionBackups"]) {
			const { Resources } = JSON.parse(readFileSync(join(out, `${stack}.template.json`), "utf8"));
			const functions = Object.values<{ Type: string; Properties: { Code: { S3Key: string } } }>(Resources)
				.filter(({ Type }) => Type === "AWS::Lambda::Function")
				.map(({ Properties }) => Properties.Code.S3Key.replace(".zip", ""));
			expect(new Set(functions).size).toBe(3);
			for (const hash of functions) {
				expect(readdirSync(join(out, `asset.${hash}`))).toEqual(
					expect.arrayContaining(["index.mjs", "THIRD-PARTY-LICENSES.txt"]),
				);
			}
		}
	},
);

test.concurrent("TypeScript accepts app and consumer, as CommonJS and as ES modules, without skipping the package's declarations", {
	timeout: 120_000,
}, async () => {
	// aws-cdk-lib declares something `Disposable`, and valibot a `Blob`.
	const lib = ["ES2022", "ESNext.Disposable", "DOM"];
	const options = { strict: true, module: "NodeNext", target: "ES2022", lib, noEmit: true, types: [] };
	writeFileSync(join(app, "tsconfig.json"), JSON.stringify({ compilerOptions: options, include: ["*.mts", "*.cts"] }));
	const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
	const { stdout } = await run(process.execPath, [tsc, "-p", app]).catch((error) => error);

	expect(stdout).toBe("");
});

test.concurrent("npm finds nothing missing or of a wrong version", async () => {
	const { stdout } = await run("npm", ["ls", "--json"], { cwd: app }).catch((error) => error);

	expect(JSON.parse(stdout).problems).toBeUndefined();
});

test("the schema is exported, and the package holds neither sources nor source maps", async () => {
	const code =
		'import s from "atlas-snapshots/events.schema.json" with { type: "json" }; console.log(s.$id ?? s.title)';
	const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", code], { cwd: app });
	const files = readdirSync(installed, { recursive: true }).map(String);

	expect(stdout.trim()).not.toBe("undefined");
	expect(files.filter((file) => /(?<!\.d)\.ts$|\.map$|^test|^local/.test(file))).toEqual([]);
});

test("publint has nothing to say", async () => {
	const content = Uint8Array.from(tarball).buffer;
	const { messages, pkg } = await publint({ pack: { tarball: content }, strict: true });

	expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
});

test("attw has nothing to say: types and code agree for every way in which TypeScript resolves the entries", {
	timeout: 120_000,
}, async () => {
	const result = await checkPackage(createPackageFromTarballData(tarball));

	expect(result.types && Object.keys(result.entrypoints)).toEqual([
		".",
		"./events",
		"./events.schema.json",
		"./package.json",
	]);
	expect(result.types && result.problems).toEqual([]);
});
