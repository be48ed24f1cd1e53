import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { countHistory } from "./counted.ts";
import { followFor, HOUR } from "./follow.ts";
import type { Figures } from "./measure.ts";
import { passes, toRows } from "./rows.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const run = promisify(execFile);

/** Gates whose figures are counted, not timed: they hold on any machine, however busy. */
const COUNTED = [
	"requests.digestPerSnapshot",
	"requests.oauthPerSnapshot",
	"follow.hour.polls",
	"follow.hour.delayShare",
	"follow.day.operations",
];

test("the quick bench tells every figure, and those that are counted are what they must be", {
	timeout: 120_000,
}, async () => {
	const { stdout } = await run(process.execPath, [MAIN, "--json", "--quick"]).catch(
		(error: { stdout: string }) => error,
	);
	const figures: Figures = JSON.parse(stdout);
	const rows = toRows(figures);

	expect(rows.filter(({ value }) => !Number.isFinite(value)).map(({ key }) => key)).toEqual([]);
	expect(rows.filter(({ key }) => COUNTED.includes(key)).filter((row) => !passes(row))).toEqual([]);
	expect(rows.filter(({ key }) => COUNTED.includes(key))).toHaveLength(COUNTED.length);
	expect(figures.coldStart.snapshot.kilobytes).toBeLessThan(figures.coldStart.snapshot.naiveKilobytes);
	expect(figures.cost.operations).toBeLessThanOrEqual(43);
	expect(Object.keys(figures.requests.peers)).toEqual(["mongodb-atlas-api-client", "digest-fetch", "curl --digest"]);
});

test("an unknown flag is refused with the usage", async () => {
	const failure = await run(process.execPath, [MAIN, "--fast"]).catch((error: unknown) => error);

	expect(failure).toMatchObject({ code: 2, stderr: expect.stringContaining("usage: npm run bench") });
});

test("following is measured with the story's own pace: the end is noticed after it, and soon", async () => {
	const { polls, delayShare } = await followFor(HOUR, "0".repeat(24));

	expect(polls).toBeGreaterThan(10);
	expect(delayShare).toBeGreaterThanOrEqual(0);
	expect(delayShare).toBeLessThan(0.1);
});

test("a history is counted as AWS meters it", () => {
	const step = (Id: string, SubType: string) => ({ EventType: "StepStarted", Id, SubType }) as const;
	const result = {
		EventType: "StepSucceeded",
		StepSucceededDetails: { Result: { Payload: '"é"' }, RetryDetails: undefined },
	} as const;

	const counted = countHistory([
		{ EventType: "ExecutionStarted" },
		{ EventType: "ContextStarted", Id: "a" },
		step("b", "Step"),
		step("b", "Step"),
		result,
		step("c", "WaitForCondition"),
		step("c", "WaitForCondition"),
		step("c", "WaitForCondition"),
		{ EventType: "WaitStarted", Id: "d" },
	]);

	// The execution, the context, two attempts, the condition and its three checks, the wait.
	expect(counted).toMatchObject({ operations: 9, polls: 2, invocations: 4, bytes: 4 });
});
