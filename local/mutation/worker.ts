/** A process that keeps Vitest and the transformed files in memory and runs one test file for each message. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createVitest } from "vitest/node";

/** What shall run. */
export interface Job {
	/** The test file, relative to the copy. */
	readonly file: string;
	/** Ids of the tests; without them all of the file. */
	readonly tests?: readonly string[];
	readonly mutant?: { readonly id: string; readonly hitLimit: number };
	/** Whether to note which test reaches which mutant. */
	readonly coverage?: boolean;
}

/** How often each mutant was passed. */
type Hits = Readonly<Record<string, number>>;

/** How it ended. */
export interface Reply {
	/** The first test that failed; its id is absent where the file did not even load. */
	readonly failed?: { readonly id?: string; readonly name: string };
	readonly milliseconds: number;
	/** `static` was passed outside of any test: on loading, in a hook for all tests. */
	readonly coverage?: { readonly static?: Hits; readonly perTest?: Readonly<Record<string, Hits>> };
}

const [root = "", ...setupFiles] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "atlas-snapshots-coverage-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
process.on("disconnect", () => process.exit());
const coverageFile = join(folder, "coverage.json");
const vitest = await createVitest("test", {
	root,
	config: false,
	watch: false,
	reporters: [{}],
	silent: true,
	bail: 1,
	maxWorkers: 1,
	pool: "forks",
	execArgv: ["--max-old-space-size=1000"],
	restoreMocks: true,
	testTimeout: 30_000,
	setupFiles,
});
await vitest.standalone();

process.on("message", (job: Job) => void run(job).then((reply) => process.send?.(reply)));

async function run({ file, tests, mutant, coverage }: Job): Promise<Reply> {
	Object.assign(process.env, {
		__STRYKER_ACTIVE_MUTANT__: mutant?.id ?? "",
		MUTANT_HIT_LIMIT: String(mutant?.hitLimit ?? ""),
		MUTANT_COVERAGE_FILE: coverage ? coverageFile : "",
	});
	rmSync(coverageFile, { force: true });
	const started = performance.now();
	const specification = vitest.getRootProject().createSpecification(join(root, file), tests && { testIds: [...tests] });
	// What it remembers of earlier jobs would count as failures of this one.
	vitest.state.filesMap.clear();
	vitest.state.idMap.clear();
	const { testModules, unhandledErrors } = await vitest.runTestSpecifications([specification]);
	const milliseconds = performance.now() - started;
	const [test] = testModules.flatMap((each) => [...each.children.allTests("failed")]);
	const isGood = unhandledErrors.length === 0 && testModules.length === 1 && testModules.every((each) => each.ok());
	return {
		failed: isGood ? undefined : { id: test?.id, name: test?.fullName ?? file },
		milliseconds,
		coverage: coverage && isGood ? (JSON.parse(readFileSync(coverageFile, "utf8")) as Reply["coverage"]) : undefined,
	};
}
