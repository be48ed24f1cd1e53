import { mkdir, mkdtempDisposable, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { draw, score } from "../../../local/mutation/score.ts";
import { TestRunner } from "../../../local/mutation/test-runner.ts";

const ROOT = join(import.meta.dirname, "../../..");
const LONG_MS = 120_000;

async function repository(files: Readonly<Record<string, string>>) {
	const folder = await mkdtempDisposable(join(tmpdir(), "atlas-snapshots-fixture-"));
	await symlink(join(ROOT, "node_modules"), join(folder.path, "node_modules"));
	for (const [name, text] of Object.entries(files)) {
		await mkdir(dirname(join(folder.path, name)), { recursive: true });
		await writeFile(join(folder.path, name), text);
	}
	return folder;
}

const SOURCE = `
const ADULT = 17 + 1;
export const isAdult = (age: number) => age >= ADULT;
export const isChild = (age: number) => age < 7;
export const sum = (to: number) => { let all = 0; for (let n = 1; n <= to; n++) all = all + n; return all; };
export const never = () => -1;
`;
/** The second test is good only after the first. Nothing calls `never`. */
const TESTS = `
import { expect, test } from "vitest";
import { isAdult, isChild, sum } from "../source/ages.ts";
let ready = false;
test("adults", () => { ready = true; expect([isAdult(18), isAdult(17)]).toEqual([true, false]); });
test("children", () => { expect(ready).toBe(true); expect(isChild(3)).toBe(true); });
test("sums", () => { expect(sum(3)).toBe(6); });
`;

const BAD = 'import { test } from "vitest"; test("fails", () => { throw new Error("always"); });';

test.for([true, false])(
	"isolated %s: a mutant is killed by a test, survives, or is reached by none; a loop without end is killed",
	{
		timeout: LONG_MS,
	},
	async (isolated) => {
		await using root = await repository({
			"source/ages.ts": SOURCE,
			"test/ages.test.ts": TESTS,
			"test/bad.test.ts": BAD,
		});
		const scope = {
			root: root.path,
			folder: "source",
			tests: ["test/*.test.ts"],
			isolated,
			setupFiles: [],
			sample: Infinity,
			seed: 1,
		};
		const progress: number[] = [];
		const leftOut: string[] = [];
		const results = await score(
			scope,
			(done, of) => progress.push(done / of),
			(test) => leftOut.push(test),
		);
		const found = (replacement: string, line: number) =>
			results.find((each) => each.replacement === replacement && each.place.startsWith(`source/ages.ts:${line}:`));

		expect(found("age > ADULT", 3)).toMatchObject({ original: "age >= ADULT", status: "killed", by: "adults" });
		expect(found("17 - 1", 2)).toMatchObject({ status: "killed", by: "adults" });
		expect(found("age <= 7", 4)).toMatchObject({ original: "age < 7", status: "survived" });
		expect(found("age >= 7", 4)).toMatchObject({ status: "killed", by: "children" });
		expect(found("n--", 5)).toMatchObject({ status: "killed", by: "sums" });
		expect(found("+1", 6)).toMatchObject({ status: "no coverage" });
		expect(progress.at(-1)).toBe(1);
		expect(leftOut).toEqual(["test/bad.test.ts: fails"]);
	},
);

test("a sample is the seed's, and does not change with the lines above", () => {
	const mutants = (line: number) =>
		Array.from({ length: 20 }, (_, index) => ({
			...{ id: String(index), mutator: "Arithmetic", original: `a + ${index}`, replacement: `a - ${index}` },
			place: `source/sums.ts:${line + index}:1`,
		}));
	const sample = draw(mutants(1), 5, 1).map(({ id }) => id);

	expect(new Set(sample).size).toBe(5);
	expect(draw(mutants(7), 5, 1).map(({ id }) => id)).toEqual(sample);
	expect(draw(mutants(1), 5, 2).map(({ id }) => id)).not.toEqual(sample);
	expect(draw(mutants(1), Infinity, 1)).toHaveLength(20);
});

test("a run that exceeds its time is ended with its processes, and the next one runs", {
	timeout: LONG_MS,
}, async () => {
	await using root = await repository({
		"loop.test.ts": 'import { test } from "vitest"; test("loops", () => { for (;;); });',
		"good.test.ts": 'import { test } from "vitest"; test("ends", () => {});',
		"bad.test.ts": 'import { test } from "vitest"; test("fails", () => { throw new Error("bad"); });',
	});
	await using runner = new TestRunner(root.path, false, []);

	expect(await runner.run({ files: [{ file: "loop.test.ts" }] }, 5000)).toBeUndefined();
	expect((await runner.run({ files: [{ file: "good.test.ts" }] }, LONG_MS))?.failed).toBeUndefined();
	expect((await runner.run({ files: [{ file: "bad.test.ts" }] }, LONG_MS))?.failed?.name).toBe("fails");
	expect((await runner.run({ files: [{ file: "good.test.ts" }] }, LONG_MS))?.failed).toBeUndefined();
});
