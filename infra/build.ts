/**
 * Bundles the functions, for the package and for every synth before it builds the stack. Our own step rather than CDK's
 * `NodejsFunction`, because only esbuild's API can split: the AWS SDK's lazily imported parts then stay unread until
 * they are needed, which is the larger part of a cold start.
 */
import { mkdir, mkdtempDisposable, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, type BuildResult, build, type OutputFile } from "esbuild";
import type { Bundles } from "./constructs/props.ts";
import { credentialProvidersApart, directBuiltins, pureSchemas, withoutEventStreams } from "./lean-start.ts";
import { licencesOf } from "./packaging/licences.ts";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Entry point of each function of the stack. */
const ENTRY_POINTS = {
	snapshot: "lambda/handlers/snapshot.ts",
	trigger: "lambda/handlers/trigger.ts",
	freshness: "lambda/handlers/freshness.ts",
} as const;

/**
 * Bundles every function into `<folder>/<name>/`, with the licences of what is in it. The same sources give the same
 * bytes, wherever the folder is, so that a second synth changes nothing.
 *
 * @param folder absolute path; the functions' folders in it are replaced
 * @param entryPoints paths of source files, absolute or relative to the repository @default those of the stack
 */
export async function buildFunctions(folder: string, entryPoints: Partial<Bundles> = {}): Promise<Bundles> {
	const all = { ...ENTRY_POINTS, ...entryPoints };
	const [snapshot, trigger, freshness] = await Promise.all([
		bundle(all.snapshot, join(folder, "snapshot")),
		bundle(all.trigger, join(folder, "trigger")),
		bundle(all.freshness, join(folder, "freshness")),
	]);
	return { snapshot, trigger, freshness };
}

const OPTIONS: BuildOptions & { readonly metafile: true; readonly write: false } = {
	absWorkingDir: ROOT,
	// The names of chunks depend on this path, so it is always the same; the files are written elsewhere.
	outdir: join(ROOT, "dist"),
	write: false,
	metafile: true,
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

/** The function's files, and in a build of their own the credential providers. */
async function compile(entry: string): Promise<BuildResult<typeof OPTIONS>[]> {
	const apart = new Map<string, string>();
	const plugins = [directBuiltins, withoutEventStreams, pureSchemas];
	const own = await build({
		...OPTIONS,
		entryPoints: { index: entry },
		plugins: [credentialProvidersApart(apart), ...plugins],
	});
	if (apart.size === 0) return [own];
	const entryPoints = Object.fromEntries([...apart].toSorted(([a], [b]) => (a < b ? -1 : 1)));
	return [own, await build({ ...OPTIONS, entryPoints, plugins })];
}

/** Writes code into `outdir`, and source maps beside it: with the maps in the asset, each cold start would carry them. */
async function bundle(entry: string, outdir: string): Promise<string> {
	const results = await compile(entry);
	const outputs = results.flatMap(({ metafile }) => Object.values(metafile.outputs));
	const licences = await licencesOf(new Set(outputs.flatMap(({ inputs }) => Object.keys(inputs))), ROOT);
	const maps = `${outdir}.maps`;
	for (const folder of [outdir, maps]) {
		await rm(folder, { recursive: true, force: true });
		await mkdir(folder, { recursive: true });
	}
	const write = ({ path, contents }: OutputFile) =>
		writeFile(join(path.endsWith(".map") ? maps : outdir, basename(path)), contents);
	await writeFile(join(outdir, "THIRD-PARTY-LICENSES.txt"), licences);
	await Promise.all(results.flatMap(({ outputFiles }) => outputFiles).map(write));
	return outdir;
}

/**
 * Fills a new folder and then moves it into place, so that two builds at once do not mix: the one that ends last wins.
 *
 * @param folder absolute path
 * @param fill writes into the empty folder whose path it is given
 */
export async function replaceFolder(folder: string, fill: (path: string) => Promise<void>): Promise<void> {
	await mkdir(dirname(folder), { recursive: true });
	await using beside = await mkdtempDisposable(`${folder}.`);
	const made = join(beside.path, "new");
	await mkdir(made);
	await fill(made);
	for (let tries = 0; ; tries++) {
		await rename(folder, join(beside.path, `old-${tries}`)).catch(unless("ENOENT"));
		const isThere = await rename(made, folder).then(() => true, unless("ENOTEMPTY", "EEXIST"));
		if (isThere) return;
	}
}

const unless =
	(...codes: readonly string[]) =>
	(error: NodeJS.ErrnoException): undefined => {
		if (!codes.includes(error.code ?? "")) throw error;
	};
