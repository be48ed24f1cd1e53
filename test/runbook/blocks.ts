import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const read = (path: string): string => readFileSync(`${ROOT}${path}`, "utf8");

/** The blocks of one language in a document, shell commands for example, indented or not. */
export const blocksOf = (path: string, language = "sh"): readonly string[] =>
	[...read(path).matchAll(new RegExp(`^( *)\`\`\`${language}\\n(.*?)^\\1\`\`\`$`, "gms"))].map(
		([, indent = "", text = ""]) => text.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
	);

/** Commands that stand within sentences and tables. */
export const spansOf = (path: string, program: string): readonly string[] =>
	[...read(path).matchAll(/`([^`\n]+)`/g)]
		.map(([, text = ""]) => text)
		.filter((text) => text.startsWith(`${program} `));

/** Names of outputs of the stack that the runbook reads or tells of. */
export function outputsIn(path: string): readonly string[] {
	const text = read(path);
	const used = [...text.matchAll(/\$\(output (\w+)\)/g), ...text.matchAll(/`([A-Z]\w+(?:Url|Arn|Name|Ips))`/g)];
	return [...new Set(used.map(([, name = ""]) => name))].filter((name) => name !== "");
}
