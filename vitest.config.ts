import { defineConfig } from "vitest/config";

/** Tests of the durable runner, whose clock and environment are the process's: each file has one of its own. */
const alone = ["test/{engine,fleet,freshness,handlers,publish,run}/**/*.test.ts", "test/local/aws/**/*.test.ts"];

export default defineConfig({
	test: {
		restoreMocks: true,
		testTimeout: 30_000,
		// What the handlers log belongs to a test that fails, not to the result of the run.
		silent: "passed-only",
		// Two cores: the simulators' sockets and the processes that tests start want one of them.
		maxWorkers: 2,
		projects: [
			{ extends: true, test: { name: "alone", include: alone } },
			{ extends: true, test: { name: "together", include: ["test/**/*.test.ts"], exclude: alone, isolate: false } },
		],
	},
});
