/**
 * esbuild plugins that shorten a cold start, each by more than 5 % for at least one function (docs/performance.md). Each
 * relies on the shape of a library, which `test/infra/build.test.ts` checks.
 */
import { readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import type { Plugin } from "esbuild";

/**
 * Loads Node's own modules by `process.getBuiltinModule`. An ESM import of `node:http` reads every export of it, one of
 * which loads Node's whole built-in undici.
 *
 * @see Node.js documentation, process.getBuiltinModule
 */
export const directBuiltins: Plugin = {
	name: "direct-builtins",
	setup(build) {
		const names = builtinModules.filter((name) => !name.startsWith("_"));
		const filter = new RegExp(`^(node:)?(${names.map((name) => name.replace("node:", "")).join("|")})$`);
		build.onResolve({ filter }, ({ path, kind }) => {
			// A lazy import stays: a file for each would cost more than it saves.
			if (kind === "dynamic-import") return { path, external: true };
			return { path: path.startsWith("node:") ? path : `node:${path}`, namespace: "builtin", sideEffects: false };
		});
		build.onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({
			contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
			loader: "js",
		}));
	},
};

/** The SDK calls these two for every client, even for one without event streams. */
const NO_EVENT_STREAMS =
	"exports.resolveEventStreamSerdeConfig = (config) => config; exports.eventStreamSerdeProvider = () => undefined;";

/** Leaves out the event streams of the AWS SDK (`InvokeWithResponseStream`), and with them Node's `zlib`. */
export const withoutEventStreams: Plugin = {
	name: "without-event-streams",
	setup(build) {
		const filter = /^@smithy\/core\/event-streams$/;
		build.onResolve({ filter }, ({ path }) => ({ path, namespace: "left-out", sideEffects: false }));
		build.onLoad({ filter: /.*/, namespace: "left-out" }, () => ({ contents: NO_EVENT_STREAMS, loader: "js" }));
	},
};

/** AWS's ways to credentials other than the environment variables that Lambda sets: imported lazily, and never here. */
const CREDENTIAL_PROVIDERS = /^@(aws-sdk|smithy)\/credential-provider-/;

/**
 * Leaves the {@link CREDENTIAL_PROVIDERS} to a build of their own. In one build with the function, everything that they
 * share with it would move into chunks that each cold start reads.
 *
 * @param found receives the entry points of that other build: file name without extension, path of the source
 */
export const credentialProvidersApart = (found: Map<string, string>): Plugin => ({
	name: "credential-providers-apart",
	setup(build) {
		build.onResolve({ filter: CREDENTIAL_PROVIDERS }, async ({ path, kind, resolveDir, pluginData }) => {
			if (kind !== "dynamic-import" || pluginData === "resolving") return undefined;
			const { path: source, errors } = await build.resolve(path, { kind, resolveDir, pluginData: "resolving" });
			if (errors.length > 0) return { errors };
			const name = path.replaceAll(/\W+/g, "_");
			found.set(name, source);
			return { path: `./${name}.mjs`, external: true };
		});
	},
});

/** Marks the AWS SDK's schemas as pure, so that esbuild drops those of unused operations: it takes computed keys for effects. */
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
