/**
 * Bundles the functions: `npm run build`, and every synth before it builds the stack. Our own step rather than CDK's
 * `NodejsFunction`, because only esbuild's API can split: the AWS SDK's lazily imported parts then stay unread until
 * they are needed, which is the larger part of a cold start.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type OutputFile } from "esbuild";
import { directBuiltins, pureSchemas, rareApart, withoutUnused } from "./lean-start.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Every function of the stack and its door. */
const FUNCTIONS = {
	snapshot: "lambda/handlers/snapshot.ts",
	trigger: "lambda/handlers/trigger.ts",
	freshness: "lambda/handlers/freshness.ts",
} as const;

export type FunctionName = keyof typeof FUNCTIONS;

/** Folder of each function's code, absolute; the handler is `index.handler`. */
export type Bundles = { readonly [name in FunctionName]: string };

/** Paths of source files, absolute or relative to the repository, in place of those of `FUNCTIONS`. */
export type Doors = Partial<Readonly<Record<FunctionName, string>>>;

/**
 * Bundles every function into `<dist>/<name>/`. The same sources give the same bytes, wherever `dist` is, so that a
 * second synth changes nothing.
 *
 * @param dist absolute path; what stood in the functions' folders is gone afterwards
 */
export async function buildFunctions(dist: string = join(ROOT, "dist"), doors: Doors = {}): Promise<Bundles> {
	const all = { ...FUNCTIONS, ...doors };
	const [snapshot, trigger, freshness] = await Promise.all([
		bundle(all.snapshot, join(dist, "snapshot")),
		bundle(all.trigger, join(dist, "trigger")),
		bundle(all.freshness, join(dist, "freshness")),
	]);
	return { snapshot, trigger, freshness };
}

const OPTIONS: BuildOptions & { readonly write: false } = {
	absWorkingDir: ROOT,
	// The names of chunks depend on this path, so it is always the same; the files are written elsewhere.
	outdir: join(ROOT, "dist"),
	write: false,
	bundle: true,
	platform: "node",
	target: "node24",
	format: "esm",
	outExtension: { ".js": ".mjs" },
	splitting: true,
	chunkNames: "[hash]",
	mainFields: ["module", "main"],
	minify: true,
	// Error names are data here: a checkpoint keeps an error's name, and alarms and replies are decided by it.
	keepNames: true,
	// undici's own switch, by which Node leaves out the experimental one of its two HTTP parsers.
	define: { esbuildDetection: "true" },
	legalComments: "none",
	sourcemap: "external",
	logLevel: "warning",
};

/** The function's files, and those that few sandboxes ever load. */
async function compile(entry: string): Promise<OutputFile[]> {
	const apart = new Map<string, string>();
	const plugins = [directBuiltins, withoutUnused, pureSchemas];
	const own = await build({
		...OPTIONS,
		entryPoints: { index: entry },
		plugins: [rareApart(apart), ...plugins],
	});
	if (apart.size === 0) return own.outputFiles;
	const entryPoints = Object.fromEntries([...apart].toSorted(([a], [b]) => (a < b ? -1 : 1)));
	const lazy = await build({ ...OPTIONS, entryPoints, plugins });
	return [...own.outputFiles, ...lazy.outputFiles];
}

/** Writes code into `outdir`, and source maps beside it: with the maps in the asset, each cold start would carry them. */
async function bundle(entry: string, outdir: string): Promise<string> {
	const outputFiles = await compile(entry);
	const maps = `${outdir}.maps`;
	for (const folder of [outdir, maps]) {
		await rm(folder, { recursive: true, force: true });
		await mkdir(folder, { recursive: true });
	}
	const write = ({ path, contents }: OutputFile) =>
		writeFile(join(path.endsWith(".map") ? maps : outdir, basename(path)), contents);
	await Promise.all(outputFiles.map(write));
	return outdir;
}

if (import.meta.main) {
	const { readCommand } = await import("../local/cli/command.ts");
	readCommand(
		`npm run build                   bundles the functions into dist/
  --help, -h

exit code: 0 built, 1 not, 2 the call was wrong`,
		{},
	);
	await buildFunctions();
}
