/** What keeps a cold start short: esbuild plugins that leave out, or put apart, what the first request does not use. */
import { readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import type { Plugin } from "esbuild";

/**
 * Takes Node's own modules by `process.getBuiltinModule`. An ESM import of `node:http` reads every export of it, and
 * one of them loads Node's whole built-in undici.
 *
 * @see Node.js documentation, process.getBuiltinModule
 */
export const directBuiltins: Plugin = {
	name: "direct-builtins",
	setup(build) {
		const names = builtinModules.filter((name) => !name.startsWith("_"));
		const filter = new RegExp(`^(node:)?(${names.map((name) => name.replace("node:", "")).join("|")})$`);
		build.onResolve({ filter }, ({ path, kind }) => {
			// A lazy import is left as it is: a file for each would cost every start more than it saves.
			if (kind === "dynamic-import") return { path, external: true };
			return { path: path.startsWith("node:") ? path : `node:${path}`, namespace: "builtin", sideEffects: false };
		});
		build.onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({
			contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
			loader: "js",
		}));
	},
};

/**
 * Parts of libraries that this service never uses, and that only a switch we leave alone would reach: undici's HTTP/2
 * (`allowH2: false`), its form bodies (ours are text), its parser for processors without SIMD (Lambda has none of
 * those), and the event streams of the AWS SDK (`InvokeWithResponseStream`). They take 250 KB, and 10 ms of Node's own
 * modules.
 */
const UNUSED = [
	/[/\\]client-h2(\.js)?$/,
	/[/\\]llhttp-wasm(\.js)?$/,
	/[/\\]web[/\\](webidl|fetch[/\\](body|formdata))(\.js)?$/,
	/^@smithy\/core\/event-streams$/,
];

/** The SDK asks these of event streams even where there are none. */
const NOTHING =
	"exports.resolveEventStreamSerdeConfig = (config) => config; exports.eventStreamSerdeProvider = () => undefined;";

/** Puts an empty module in the place of what is `UNUSED`. */
export const withoutUnused: Plugin = {
	name: "without-unused",
	setup(build) {
		for (const filter of UNUSED) {
			build.onResolve({ filter }, () => ({ path: "nothing", namespace: "unused", sideEffects: false }));
		}
		build.onLoad({ filter: /.*/, namespace: "unused" }, () => ({ contents: NOTHING, loader: "js" }));
	},
};

/**
 * What is imported lazily, and by few sandboxes if by any: AWS's ways to credentials other than the environment
 * variables that Lambda sets, and the reader of the hooks' keys with its Secrets Manager client.
 */
const RARE = /^@(aws-sdk|smithy)\/credential-provider-|^\.\/webhook-secret\.ts$/;

/**
 * Leaves what is {@link RARE} to a build of its own. In one build with the function, everything that it shares with it
 * would move into chunks that each cold start reads, used or not.
 *
 * @param found is given the entry points of that other build: file name without extension, path of the source
 */
export const rareApart = (found: Map<string, string>): Plugin => ({
	name: "rare-apart",
	setup(build) {
		build.onResolve({ filter: RARE }, async ({ path, kind, resolveDir, pluginData }) => {
			if (kind !== "dynamic-import" || pluginData === "asked") return undefined;
			const { path: source, errors } = await build.resolve(path, { kind, resolveDir, pluginData: "asked" });
			if (errors.length > 0) return { errors };
			const name = path.replaceAll(/\W+/g, "_");
			found.set(name, source);
			return { path: `./${name}.mjs`, external: true };
		});
	},
});

/**
 * Says of the AWS SDK's schemas, plain arrays, that nothing happens when they are made: esbuild then drops those of the
 * operations that are not used. It can't tell by itself, because their keys are computed.
 */
export const pureSchemas: Plugin = {
	name: "pure-schemas",
	setup(build) {
		build.onLoad({ filter: /[/\\]dist-es[/\\]schemas[/\\]schemas_\d+\.js$/ }, async ({ path }) => {
			const source = await readFile(path, "utf8");
			const schema = /^export var (\w+\$?) = (\[[\s\S]*?\]);$/gm;
			return { contents: source.replaceAll(schema, "export var $1 = /* @__PURE__ */ (() => $2)();"), loader: "js" };
		});
	},
};
