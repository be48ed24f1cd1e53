import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import packageJson from "../../package.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Packages that some function imports. */
const LIBRARIES = Object.keys({ ...packageJson.dependencies, ...packageJson.devDependencies }).filter((name) =>
	globSync(join(ROOT, "lambda/**/*.ts")).some((path) =>
		new RegExp(`(from |import\\()"${name}["/]`).test(readFileSync(path, "utf8")),
	),
);

/** The doors that packages themselves name, where the service reaches past them. */
const frontDoors: Plugin = {
	name: "front-doors",
	setup(build) {
		build.onResolve({ filter: /^undici\// }, ({ resolveDir, kind }) => build.resolve("undici", { resolveDir, kind }));
	},
};

/**
 * A function bundled as CDK's `NodejsFunction` would: one minified ESM file, esbuild's defaults, package entry points,
 * every runtime dependency in it.
 *
 * @param whose dependencies: those of every function, or only those that the handler imports
 * @returns absolute path of the file
 */
export async function bundleNaively(
	name: "snapshot" | "trigger",
	folder: string,
	whose: "all" | "own",
): Promise<string> {
	const outfile = join(folder, `naive-${name}-${whose}.mjs`);
	const handler = `export { handler } from "./lambda/handlers/${name}.ts";`;
	const others = LIBRARIES.map((one, i) => `export * as other${i} from "${one}";`);
	await build({
		stdin: { contents: [handler, ...(whose === "all" ? others : [])].join("\n"), resolveDir: ROOT, loader: "ts" },
		outfile,
		bundle: true,
		minify: true,
		platform: "node",
		target: "node24",
		format: "esm",
		// Without it no bundle with a CommonJS package in it loads.
		banner: { js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);' },
		plugins: [frontDoors],
		logLevel: "error",
	});
	return outfile;
}
