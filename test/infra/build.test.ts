import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { buildFunctions, ROOT, replaceFolder } from "../../infra/build.ts";
import { licencesOf } from "../../infra/packaging/licences.ts";

const folder = mkdtempSync(join(tmpdir(), "atlas-snapshots-build-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const first = await buildFunctions(join(folder, "first"));
const second = await buildFunctions(join(folder, "second", "deeper"));

const LICENCES = "THIRD-PARTY-LICENSES.txt";

const digestsOf = (bundle: string): Record<string, string> =>
	Object.fromEntries(Object.entries(contentsOf(bundle)).map(([file, text]) => [file, digest(text)]));
const digest = (text: string): string => createHash("sha256").update(text).digest("hex");
const contentsOf = (bundle: string): Record<string, string> =>
	Object.fromEntries(readdirSync(bundle).map((file) => [file, readFileSync(join(bundle, file), "utf8")]));
const names = Object.keys(first) as (keyof typeof first)[];

/** In a process of its own, as Lambda would: from a folder where nothing is installed. */
async function inLambda(code: string): Promise<string> {
	const options = { cwd: folder, env: { PATH: process.env["PATH"] } };
	const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", code], options);
	return stdout;
}

test("the same sources give the same bytes, wherever they are put", () => {
	for (const name of names) expect(digestsOf(second[name] ?? "")).toEqual(digestsOf(first[name] ?? ""));
});

test("a second build leaves nothing of the one before", async () => {
	const handler = "test/infra/empty-handler.ts";
	const small = await buildFunctions(join(folder, "second", "deeper"), { snapshot: handler, trigger: handler });

	expect(readdirSync(small.trigger)).toEqual(["THIRD-PARTY-LICENSES.txt", "index.mjs"]);
});

test("a bundle is small, split, and carries no source map", () => {
	const { [LICENCES]: _, ...files } = contentsOf(first.trigger);
	const size = Object.values(files).reduce((sum, text) => sum + text.length, 0);

	expect(Object.keys(files).length).toBeGreaterThan(1);
	expect(Object.keys(files).filter((file) => !/^\w+\.mjs$/.test(file))).toEqual([]);
	expect(Object.values(files).some((text) => text.includes("sourceMappingURL"))).toBe(false);
	expect(size).toBeLessThan(2_000_000);
});

describe.each(["snapshot", "trigger"] as const)(
	"what infra/lean-start.ts relies on holds for the %s bundle:",
	(name) => {
		const { [LICENCES]: _, ...files } = contentsOf(first[name]);
		const code = Object.values(files).join("\n");
		const sources = Object.values(contentsOf(`${first[name]}.maps`)).flatMap(
			(map): string[] => JSON.parse(map).sources,
		);

		test("Node's modules are loaded by process.getBuiltinModule", () => {
			expect(code.includes("process.getBuiltinModule")).toBe(true);
			expect(code.match(/\bimport(?:[\w*{}$, ]+from)? ?"(?:node:)?(?:https?|stream|zlib)"/g)).toBeNull();
		});

		test("event streams are left out", () => {
			expect(sources.filter((path) => /event-?stream/i.test(path) && !path.includes("left-out"))).toEqual([]);
		});

		test("credential providers are files of their own, which no other file imports statically", () => {
			const providers = Object.keys(files).filter((file) => file.includes("credential_provider"));

			expect(providers).toHaveLength(6);
			for (const provider of providers) expect(code.includes(`import("./${provider}")`)).toBe(true);
			expect(code.match(/from ?"\.\/\w*credential_provider/g)).toBeNull();
		});
	},
);

test("of the AWS SDK's schemas the trigger bundle has those of the operations that it uses", () => {
	const operations = Object.values(contentsOf(first.trigger)).flatMap(
		(text) =>
			text.match(/"(?:ListDurableExecutionsByFunction|AddLayerVersionPermission|CreateFunction)(?:Request)?"/g) ?? [],
	);

	expect([...new Set(operations)].toSorted()).toEqual([
		'"ListDurableExecutionsByFunction"',
		'"ListDurableExecutionsByFunctionRequest"',
	]);
});

test("the AWS SDK imports two functions of event streams, and calls no others", () => {
	const importing = globSync("node_modules/@aws-sdk/client-*/dist-es/**/*.js", { cwd: ROOT }).flatMap((path) => [
		...readFileSync(join(ROOT, path), "utf8").matchAll(/import \{([^}]*)\} from "@smithy\/core\/event-streams"/g),
	]);

	expect(importing.length).toBeGreaterThan(0);
	for (const [, names = ""] of importing) {
		expect(["eventStreamSerdeProvider", "resolveEventStreamSerdeConfig"]).toEqual(
			expect.arrayContaining(
				names
					.split(",")
					.map((one) => one.trim())
					.filter((one) => one !== ""),
			),
		);
	}
});

test.each(["snapshot", "trigger"] as const)("the %s bundle loads on its own and has a handler", async (name) => {
	const code = `import { handler } from ${JSON.stringify(join(first[name], "index.mjs"))}; console.log(typeof handler);`;

	expect(await inLambda(code)).toBe("function\n");
});

test("an error keeps its name through the minifier: a bundle without its environment says CONFIG_INVALID", async () => {
	const code = `
		import { handler } from ${JSON.stringify(join(first.trigger, "index.mjs"))};
		const context = { getRemainingTimeInMillis: () => 1000 };
		await handler({ request: { clusters: "all" }, schedule: "s", scheduledTime: "t" }, context).catch((error) => {
			console.log(error.name, error.constructor.name, error.message);
		});`;

	expect(await inLambda(code)).toContain("CONFIG_INVALID InputError environment: SNAPSHOT_FUNCTION_ARN");
});

test.each(names)("the %s bundle carries the licence of every library that its source maps name", (name) => {
	const text = contentsOf(first[name])[LICENCES] ?? "";
	const sources = Object.values(contentsOf(`${first[name]}.maps`)).flatMap((map): string[] => JSON.parse(map).sources);
	const libraries = new Set(sources.flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []));

	expect(libraries.size).toBeGreaterThan(10);
	for (const library of libraries) {
		const { version } = JSON.parse(readFileSync(join(ROOT, "node_modules", library, "package.json"), "utf8"));
		expect(text).toContain(`\n${library} ${version}\n`);
	}
	// Words that each of the licences in use has, by its own text.
	for (const words of [
		"MIT No Attribution",
		"The above copyright notice and this permission",
		"END OF TERMS AND CONDITIONS",
	]) {
		expect(text.replaceAll(/\s+/g, " ")).toContain(words);
	}
});

test("a library whose licence is not known stops the build", async () => {
	const library = join(folder, "node_modules", "odd");
	mkdirSync(library, { recursive: true });
	writeFileSync(join(library, "package.json"), '{ "name": "odd", "version": "1.0.0", "license": "UNLICENSED" }');

	await expect(licencesOf(["node_modules/odd/index.js"], folder)).rejects.toThrow("odd 1.0.0: no text of its licence");
});

test("a folder that many make at once is the whole work of one, and nothing is left beside it", async () => {
	const place = join(folder, "places", "one");
	const makers = Array.from({ length: 12 }, (_, maker) =>
		replaceFolder(place, async (path) => {
			for (const file of "abcdef") {
				await writeFile(join(path, file), String(maker));
			}
		}),
	);
	await Promise.all(makers);

	const files = contentsOf(place);
	expect(Object.keys(files).join("")).toBe("abcdef");
	expect(new Set(Object.values(files)).size).toBe(1);
	expect(readdirSync(join(folder, "places"))).toEqual(["one"]);
});
