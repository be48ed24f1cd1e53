import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { cp, mkdir, mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");

/** Who imports whom, and which packages. Each folder imports itself as well. */
const ALLOWED: Readonly<
	Record<string, { readonly folders?: readonly string[]; readonly packages?: readonly string[] }>
> = {
	"lambda/domain": { packages: ["valibot", "node:crypto"] },
	"lambda/workflow": { folders: ["lambda/domain"], packages: ["@aws/durable-execution-sdk-js"] },
	"lambda/executions": { folders: ["lambda/domain"], packages: ["@aws-sdk/client-lambda", "valibot"] },
	"lambda/triggers": { folders: ["lambda/triggers/http", "lambda/executions", "lambda/domain"] },
	"lambda/triggers/http": { folders: ["lambda/executions", "lambda/domain"], packages: ["node:crypto"] },
	"lambda/atlas": {
		folders: [
			"lambda/atlas/auth",
			"lambda/atlas/layers",
			"lambda/atlas/replies",
			"lambda/atlas/resources",
			"lambda/domain",
		],
		packages: ["node:timers/promises"],
	},
	"lambda/atlas/auth": { folders: ["lambda/atlas/replies", "lambda/domain"], packages: ["valibot", "node:crypto"] },
	"lambda/atlas/layers": { folders: ["lambda/atlas/replies", "lambda/domain"] },
	"lambda/atlas/replies": { folders: ["lambda/domain"], packages: ["valibot", "node:net"] },
	"lambda/atlas/resources": {
		folders: ["lambda/atlas/layers", "lambda/atlas/replies", "lambda/domain"],
		packages: ["valibot"],
	},
	"lambda/aws": {
		folders: ["lambda/domain"],
		packages: [
			"@aws-sdk/client-eventbridge",
			"@aws-sdk/client-lambda",
			"@aws-sdk/client-secrets-manager",
			"@aws-lambda-powertools/metrics",
		],
	},
	"lambda/monitoring": { folders: ["lambda/aws", "lambda/domain"], packages: ["valibot", "node:http", "node:https"] },
	"lambda/monitoring/doctor": { folders: ["lambda/monitoring", "lambda/aws", "lambda/domain"], packages: ["valibot"] },
	"lambda/handlers": {
		folders: [
			...["lambda/aws", "lambda/domain", "lambda/executions", "lambda/monitoring", "lambda/monitoring/doctor"],
			...["lambda/triggers", "lambda/triggers/http", "lambda/workflow"],
		],
		packages: [
			...["@aws-sdk/client-eventbridge", "@aws-sdk/client-lambda", "@aws-sdk/client-secrets-manager"],
			...["@aws/durable-execution-sdk-js", "@aws-lambda-powertools/logger", "@middy/core", "valibot", "aws-lambda"],
			...["node:crypto", "node:timers/promises"],
		],
	},
};

const FOLDERS = [
	...Object.keys(ALLOWED),
	"infra",
	"infra/constructs",
	"infra/settings",
	"local",
	"local/aws",
	"test/harness",
];
const PACKAGES = [
	...Object.values(ALLOWED).flatMap(({ packages = [] }) => packages),
	...["undici", "undici/lib/dispatcher/pool.js", "@aws-sdk/client-sqs", "@smithy/signature-v4", "fast-check"],
	...[
		"aws-cdk-lib",
		"aws-cdk-lib/aws-lambda",
		"constructs",
		"esbuild",
		"node:fs",
		"fs",
		"crypto",
		"valibot/deep",
		"#own",
	],
];

/** Every way to import that the linter's rule for imports reads. */
const FORMS: readonly ((specifier: string) => string)[] = [
	(specifier) => `import "${specifier}";`,
	(specifier) => `import { one } from "${specifier}";`,
	(specifier) => `import type { One } from "${specifier}";`,
	(specifier) => `export { two } from "${specifier}";`,
	(specifier) => `export * from "${specifier}";`,
	(specifier) => `export const three = import("${specifier}");`,
];

/** The path from a folder to a file of another, as an import names it. */
const path = (from: string, to: string): string => {
	const way = relative(from, `${to}/some-file.ts`);
	return way.startsWith(".") ? way : `./${way}`;
};

interface Plant {
	readonly line: string;
	readonly isAllowed: boolean;
}

function plantsOf(folder: string): readonly Plant[] {
	const { folders = [], packages = [] } = ALLOWED[folder] ?? {};
	const inside = FOLDERS.map((other) => ({
		specifier: path(folder, other),
		isAllowed: other === folder || folders.includes(other),
	}));
	const outside = [...new Set(PACKAGES)].map((name) => ({ specifier: name, isAllowed: packages.includes(name) }));
	// Ways round a rule that compares texts.
	const detours = FOLDERS.filter((other) => other !== folder && !folders.includes(other)).flatMap((other) => {
		const way = relative(folder, `${other}/some-file.ts`);
		const self = folder.split("/").at(-1);
		const round = [`./../${self}/${way}`, `../${self}/${way}`, `./${way}`].filter((one) => one !== path(folder, other));
		return round.map((specifier) => ({ specifier, isAllowed: false }));
	});
	return [...inside, ...outside, ...detours].flatMap(({ specifier, isAllowed }) =>
		FORMS.map((form) => ({ line: form(specifier), isAllowed })),
	);
}

const run = promisify(execFile);
const bin = (name: string) => join(ROOT, "node_modules/.bin", name);

/** @returns what a linter writes, whether or not it finds something */
const outputOf = (folder: string, command: string, args: readonly string[]): Promise<string> =>
	run(bin(command), args, { cwd: folder, maxBuffer: 2 ** 27 }).then(
		({ stdout }) => stdout,
		({ stdout }: { stdout: string }) => stdout,
	);

async function write(root: string, file: string, lines: readonly string[]): Promise<void> {
	await mkdir(dirname(join(root, file)), { recursive: true });
	await writeFile(join(root, file), `${lines.join("\n")}\n`);
}

test("the linter refuses every import that is not on its folder's list, and no other", async () => {
	await using root = await mkdtempDisposable(join(tmpdir(), "atlas-snapshots-boundaries-"));
	for (const file of ["biome.json", ".gitignore"]) await cp(join(ROOT, file), join(root.path, file));
	for (const folder of Object.keys(ALLOWED)) {
		const lines = plantsOf(folder).map(({ line }) => line);
		await write(root.path, `${folder}/planted.ts`, lines);
	}

	const output = await outputOf(root.path, "biome", [
		...["lint", "--only=style/noRestrictedImports", "--reporter=github", "--max-diagnostics=none", "."],
	]);
	const refused = new Set(
		Array.from(output.matchAll(/file=[^,]*(lambda\/[^,]+),line=(\d+)/g), ([, file, line]) => `${file}:${line}`),
	);

	const wrong = Object.keys(ALLOWED).flatMap((folder) =>
		plantsOf(folder).flatMap(({ line, isAllowed }, index) => {
			const isRefused = refused.has(`${folder}/planted.ts:${index + 1}`);
			return isRefused === isAllowed ? [`${folder} ${isAllowed ? "may not" : "may"} ${line}`] : [];
		}),
	);
	expect(wrong).toEqual([]);
	expect(refused.size).toBeGreaterThan(1000);
});

test("only the transport to Atlas imports undici", async () => {
	const importing = globSync("lambda/**/*.ts", { cwd: ROOT }).map(async (file) =>
		/from "undici/.test(await readFile(join(ROOT, file), "utf8")) ? [file] : [],
	);

	expect((await Promise.all(importing)).flat().sort()).toEqual([
		"lambda/atlas/transport.ts",
		"lambda/atlas/undici-pool.d.ts",
	]);
});

test.for([
	[
		"a computed path",
		'const name = process.argv[2];\nexport const one = import("../atlas/" + name);',
		"no-dynamic-require",
	],
	["require", 'import one = require("../atlas/client.ts");\nexport const two = one;', "no-require-imports"],
	["an import within a type", 'export type One = import("../atlas/client.ts").Atlas;', "consistent-type-imports"],
] as const)("the linter refuses %s, which its rule for imports does not read", async ([, text, rule]) => {
	await using root = await mkdtempDisposable(join(tmpdir(), "atlas-snapshots-boundaries-"));
	await cp(join(ROOT, ".oxlintrc.json"), join(root.path, ".oxlintrc.json"));
	await write(root.path, "lambda/domain/planted.ts", [text]);

	expect(await outputOf(root.path, "oxlint", ["."])).toContain(rule);
});

test("the linter refuses a path in backquotes, which its rule for imports does not read", async () => {
	await using root = await mkdtempDisposable(join(tmpdir(), "atlas-snapshots-boundaries-"));
	for (const file of ["biome.json", ".gitignore"]) await cp(join(ROOT, file), join(root.path, file));
	await write(root.path, "lambda/domain/planted.ts", ["export const one = import(`../atlas/client.ts`);"]);

	expect(await outputOf(root.path, "biome", ["lint", "--reporter=github", "."])).toContain("noUnusedTemplateLiteral");
});

test("every folder has a list, and no comment switches it off", async () => {
	const { overrides } = JSON.parse(await readFile(join(ROOT, "biome.json"), "utf8")) as {
		readonly overrides: readonly { readonly includes: readonly string[] }[];
	};
	const listed = overrides.flatMap(({ includes }) => includes);
	const files = globSync("{lambda,infra,local}/**/*.ts", { cwd: ROOT });
	const folders = new Set(files.map((file) => `${dirname(file)}/*.ts`));
	const switchedOff = files.map(async (file) =>
		/(biome|oxlint)-(ignore|disable).*(noRestrictedImports|dynamic-require|require-imports|type-imports)/.test(
			await readFile(join(ROOT, file), "utf8"),
		),
	);

	// They measure and simulate the whole, and may import all of it.
	const free = ["local/bench/*.ts", "local/bench/children/*.ts", "local/mutation/*.ts"];
	expect([...folders].filter((folder) => !listed.includes(folder) && !free.includes(folder))).toEqual([]);
	expect(await Promise.all(switchedOff)).not.toContain(true);
});
