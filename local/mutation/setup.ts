/** Runs in each test file's process before the file: says which mutant is switched on, and which test reaches which. */
import { writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeEach } from "vitest";

// The variables that @stryker-mutator/instrumenter puts into the code read and write this object.
const shared: typeof globalThis & { __stryker__?: Record<string, unknown> } = globalThis;
shared.__stryker__ ??= {};
const stryker = shared.__stryker__;
const { __STRYKER_ACTIVE_MUTANT__: MUTANT, MUTANT_HIT_LIMIT, MUTANT_COVERAGE_FILE } = process.env;
if (MUTANT) {
	stryker["activeMutant"] = MUTANT;
	// A mutant that is passed more often throws: an endless loop ends.
	stryker["hitCount"] = 0;
	stryker["hitLimit"] = Number(MUTANT_HIT_LIMIT);
}
if (MUTANT_COVERAGE_FILE) {
	beforeEach(({ task }) => {
		stryker["currentTestId"] = task.id;
	});
	afterEach(() => {
		stryker["currentTestId"] = undefined;
	});
	afterAll(() => writeFileSync(MUTANT_COVERAGE_FILE, JSON.stringify(stryker["mutantCoverage"] ?? {})));
}
