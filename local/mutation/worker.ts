/** A process that keeps Vitest and the transformed files in memory and runs test files for each message. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { createVitest, type TestSpecification } from "vitest/node";

/** What shall run. */
export interface Job {
	/** In this order, up to the first test that fails: the file, relative to the copy, and ids of its tests; without them all. */
	readonly files: readonly { readonly file: string; readonly tests?: readonly string[] }[];
	readonly mutant?: { readonly id: string; readonly hitLimit: number };
	/** Whether to note which test reaches which mutant. */
	readonly coverage?: boolean;
}

/** How often each mutant was passed. */
type Hits = Readonly<Record<string, number>>;

/** How it ended. */
export interface Reply {
	/** The first test that failed; its id is absent where the file did not even load. */
	readonly failed?: { readonly file: string; readonly id?: string; readonly name: string };
	readonly milliseconds: number;
	/** `static` was passed outside of any test: on loading, in a hook for all tests. */
	readonly coverage?: { readonly static?: Hits; readonly perTest?: Readonly<Record<string, Hits>> };
}

/** Vitest would begin with the slowest file. */
class InOrder {
	shard = (files: TestSpecification[]) => files;
	sort = (files: TestSpecification[]) => files;
}

const [root = "", isolation, ...setupFiles] = process.argv.slice(2);
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
	isolate: isolation === "isolated",
	sequence: { sequencer: InOrder },
	execArgv: ["--max-old-space-size=1000"],
	restoreMocks: true,
	testTimeout: 30_000,
	setupFiles,
});
await vitest.standalone();

process.on("message", (job: Job) => void run(job).then((reply) => process.send?.(reply)));

async function run({ files, mutant, coverage }: Job): Promise<Reply> {
	Object.assign(process.env, {
		__STRYKER_ACTIVE_MUTANT__: mutant?.id ?? "",
		MUTANT_HIT_LIMIT: String(mutant?.hitLimit ?? ""),
		MUTANT_COVERAGE_FILE: coverage ? coverageFile : "",
	});
	rmSync(coverageFile, { force: true });
	const started = performance.now();
	const project = vitest.getRootProject();
	const specifications = files.map(({ file, tests }) =>
		project.createSpecification(join(root, file), tests && { testIds: [...tests] }),
	);
	// What it remembers of earlier jobs would count as failures of this one.
	vitest.state.filesMap.clear();
	vitest.state.idMap.clear();
	const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications);
	const milliseconds = performance.now() - started;
	const [bad] = testModules.filter((each) => !each.ok());
	const [test] = bad ? [...bad.children.allTests("failed")] : [];
	const isGood = !bad && unhandledErrors.length === 0 && testModules.length === files.length;
	const file = relative(root, bad?.moduleId ?? "");
	return {
		failed: isGood ? undefined : { file, id: test?.id, name: test?.fullName ?? (file || "an unhandled error") },
		milliseconds,
		coverage: coverage && isGood ? (JSON.parse(readFileSync(coverageFile, "utf8")) as Reply["coverage"]) : undefined,
	};
}
