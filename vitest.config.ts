import { defineConfig } from "vitest/config";

/** Files with a process of their own: tests of the durable runner, whose clock and environment are the process's, and of the stack. */
const alone = [
	"test/{aws,executions,handlers,monitoring,workflow}/**/*.test.ts",
	"test/local/aws/**/*.test.ts",
	"test/infra/stack.test.ts",
];

export default defineConfig({
	test: {
		restoreMocks: true,
		testTimeout: 30_000,
		// What the functions log is shown for a failed test only, and each file is one line: the result stays in sight.
		silent: "passed-only",
		setupFiles: ["test/setup.ts"],
		slowTestThreshold: 60_000,
		// Two cores: the simulators' sockets and the processes that tests start want one of them.
		maxWorkers: 2,
		projects: [
			{ extends: true, test: { name: "alone", include: alone } },
			{ extends: true, test: { name: "together", include: ["test/**/*.test.ts"], exclude: alone, isolate: false } },
		],
	},
});
