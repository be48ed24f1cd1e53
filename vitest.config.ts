import { defineConfig } from "vitest/config";

export default defineConfig({
	test: {
		include: ["test/**/*.test.ts"],
		restoreMocks: true,
		testTimeout: 30_000,
		// Two cores: the durable runner's worker thread and the simulator's sockets want one of them.
		maxWorkers: 2,
	},
});
