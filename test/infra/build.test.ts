import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { buildFunctions } from "../../infra/build.ts";

const folder = mkdtempSync(join(tmpdir(), "atlas-snapshots-build-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const first = await buildFunctions(join(folder, "first"));
const second = await buildFunctions(join(folder, "second", "deeper"));

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
	const door = "test/infra/door.ts";
	const small = await buildFunctions(join(folder, "second", "deeper"), { snapshot: door, trigger: door });

	expect(readdirSync(small.trigger)).toEqual(["index.mjs"]);
});

test("a bundle is small, split, and carries no source map", () => {
	const files = contentsOf(first.trigger);
	const size = Object.values(files).reduce((sum, text) => sum + text.length, 0);

	expect(Object.keys(files).length).toBeGreaterThan(1);
	expect(Object.keys(files).filter((file) => !/^\w+\.mjs$/.test(file))).toEqual([]);
	expect(Object.values(files).some((text) => text.includes("sourceMappingURL"))).toBe(false);
	expect(size).toBeLessThan(2_000_000);
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
