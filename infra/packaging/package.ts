/** `npm run build`: makes what `npm pack` ships, in `dist/package/`. */
import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { readCommand } from "../../local/cli/command.ts";
import { buildFunctions, ROOT, replaceFolder } from "../build.ts";

/** What `exports` of `package.json` names, and its sources. */
const ENTRIES = { index: "infra/index.ts", events: "lambda/domain/outcome.ts" } as const;

async function buildModules(folder: string): Promise<void> {
	await build({
		absWorkingDir: ROOT,
		entryPoints: ENTRIES,
		outdir: folder,
		bundle: true,
		packages: "external",
		platform: "node",
		target: "node20",
		format: "cjs",
		define: { "import.meta.dirname": "__dirname" },
		logLevel: "warning",
	});
}

/** TypeScript declares every module; those that the entries reach are kept, with specifiers that TypeScript 4 reads too. */
async function buildTypes(folder: string): Promise<void> {
	const all = join(folder, "types");
	const config = {
		extends: join(ROOT, "tsconfig.json"),
		compilerOptions: { noEmit: false, declaration: true, emitDeclarationOnly: true, rootDir: ROOT, outDir: all },
		include: [],
		files: Object.values(ENTRIES).map((path) => join(ROOT, path)),
	};
	await mkdir(all, { recursive: true });
	await writeFile(join(all, "tsconfig.json"), JSON.stringify(config));
	await promisify(execFile)(process.execPath, [join(ROOT, "node_modules", "typescript", "bin", "tsc"), "-p", all]);
	const reached = new Set<string>(Object.values(ENTRIES));
	for (const source of reached) {
		const text = await readFile(join(all, declarationOf(source)), "utf8");
		for (const [specifier] of text.matchAll(RELATIVE)) reached.add(join(dirname(source), specifier));
		await mkdir(join(folder, dirname(source)), { recursive: true });
		await writeFile(
			join(folder, declarationOf(source)),
			text.replaceAll(RELATIVE, (path) => path.replace(/ts$/, "js")),
		);
	}
	await rm(all, { recursive: true });
	for (const [name, source] of Object.entries(ENTRIES)) {
		await writeFile(join(folder, `${name}.d.ts`), `export * from "./${source.replace(/ts$/, "js")}";\n`);
	}
}

/** Specifiers of modules of ours within a declaration. */
const RELATIVE = /(?<=(?:from |import\()")\.[^"]+\.ts(?=")/g;

const declarationOf = (source: string): string => source.replace(/ts$/, "d.ts");

readCommand(
	`npm run build                   makes what npm pack ships, in dist/package/
  --help, -h

exit code: 0 built, 1 not, 2 the call was wrong`,
	{},
);
await replaceFolder(join(ROOT, "dist", "package"), async (folder) => {
	await Promise.all([buildFunctions(join(folder, "functions")), buildModules(folder), buildTypes(folder)]);
	// The package itself is of ES modules. CommonJS can be imported by both, so that no app gets the construct twice.
	await writeFile(join(folder, "package.json"), '{ "type": "commonjs" }\n');
});
