import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const FLEET = fileURLToPath(new URL("../../../local/bench/fleet.ts", import.meta.url));

test("a fleet in parts: every cluster of every project ends once, takes one snapshot at most, and all share a token", async () => {
	const { stdout } = await promisify(execFile)(process.execPath, [FLEET, "4", "30"]);

	const figures = JSON.parse(stdout);
	expect(figures.sockets).toBeLessThanOrEqual(50);
	expect(figures).toMatchObject({
		targets: 120,
		states: { COMPLETED: 96, SKIPPED: 12, FAILED: 12 },
		withoutFinalState: 0,
		withSeveralFinalStates: 0,
		duplicates: 0,
		tokens: 1,
	});
});
