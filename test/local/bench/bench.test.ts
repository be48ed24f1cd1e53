import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { cost } from "../../../local/bench/cost.ts";
import { countHistory } from "../../../local/bench/counted.ts";
import { follow, followFor, HOUR } from "../../../local/bench/follow.ts";
import { requests } from "../../../local/bench/requests.ts";

const MAIN = fileURLToPath(new URL("../../../local/bench/main.ts", import.meta.url));
const run = promisify(execFile);

// Counted figures hold on any machine, however busy; those of time are for `npm run bench` alone.
test("requests a snapshot, looks and operations are what they must be", { timeout: 120_000 }, async () => {
	const [followed, asked, spent] = await Promise.all([follow(50), requests(), cost()]);

	expect(asked.digestPerSnapshot).toBeLessThanOrEqual(1.1);
	expect(asked.oauthPerSnapshot).toBeLessThanOrEqual(1.05);
	expect(Object.keys(asked.peers)).toEqual(["mongodb-atlas-api-client", "digest-fetch", "curl --digest"]);
	expect(followed.hour.polls).toBeLessThanOrEqual(45);
	expect(followed.hour.delayShare).toBeLessThanOrEqual(0.1);
	expect(followed.day.operations).toBeLessThanOrEqual(100);
	expect(spent.learned.per1000Snapshots).toBeLessThanOrEqual(0.22);
	expect(spent.operations).toBeLessThanOrEqual(42);
});

test("an unknown flag is refused by its name", async () => {
	const failure = await run(process.execPath, [MAIN, "--fast"]).catch((error: unknown) => error);

	expect(failure).toMatchObject({ code: 2, stderr: expect.stringContaining("--fast") });
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
