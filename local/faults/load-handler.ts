import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { compileFunction, constants } from "node:vm";

const IMPORT = /^import\s+(?:(\w+)\s*)?,?\s*(?:\{([^}]*)\}\s*)?from\s*"([^"]+)";/gm;
const EXPORT = /^export (?=(?:const|(?:async )?function|class) (\w+))/gm;

/**
 * A handler's module as a function: each call evaluates it anew, as a new execution environment does, and what it imports
 * is shared. Node.js's own loader would resolve every import again each time, and keep all copies for good.
 *
 * @param file name of a file in `lambda/handlers/`
 */
export async function prepareHandler<T>(file: string): Promise<() => T> {
	const url = new URL(`../../lambda/handlers/${file}`, import.meta.url);
	const imports: string[] = [];
	const exported: string[] = [];
	const code = stripTypeScriptTypes(readFileSync(url, "utf8"))
		.replace(IMPORT, (_, whole: string | undefined, some = "", name: string) => {
			const names = `${whole ? `default: ${whole}, ` : ""}${some.replaceAll(" as ", ": ")}`;
			const nth = imports.push(name.startsWith(".") ? new URL(name, url).href : name) - 1;
			return `const { ${names} } = modules[${nth}];`;
		})
		.replace(EXPORT, (_, name: string) => {
			exported.push(name);
			return "";
		});
	const unread = /^(?:import|export)\s.*/m.exec(code);
	if (unread) throw new Error(`${file} cannot be loaded by the campaign: ${unread[0]}`);
	const modules: readonly unknown[] = await Promise.all(imports.map((name) => import(name)));
	const evaluate = compileFunction(`"use strict";${code}\nreturn { ${exported.join(", ")} };`, ["modules"], {
		filename: url.href,
		importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
	});
	return () => evaluate(modules) as T;
}
