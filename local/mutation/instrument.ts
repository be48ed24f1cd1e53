import { globSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { Instrumenter } from "@stryker-mutator/instrumenter";

/** One small change of the code, which the instrumented code makes when its id is switched on. */
export interface Mutant {
	readonly id: string;
	/** `folder/file.ts:line:column`, counted from 1. */
	readonly place: string;
	/** The kind of change, as Stryker names it. */
	readonly mutator: string;
	readonly original: string;
	readonly replacement: string;
}

const ignore = () => {};
const logger = {
	...{ trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore, fatal: ignore },
	...{ isTraceEnabled: () => false, isDebugEnabled: () => false, isInfoEnabled: () => false },
	...{ isWarnEnabled: () => false, isErrorEnabled: () => false, isFatalEnabled: () => false },
};

/** Puts every mutant of a folder's files, not of those in its subfolders, into them, switched off. */
export async function instrument(root: string, folder: string): Promise<readonly Mutant[]> {
	const names = globSync(`${folder}/*.ts`, { cwd: root }).filter((name) => !name.endsWith(".d.ts"));
	const sources = await Promise.all(
		names
			.toSorted()
			.map(async (name) => ({ name: join(root, name), content: await readFile(join(root, name), "utf8") })),
	);
	const { files, mutants } = await new Instrumenter(logger).instrument(
		sources.map((source) => ({ ...source, mutate: true })),
		{ plugins: null, excludedMutations: [], ignorers: [] },
	);
	for (const { name, content } of files) await writeFile(name, content);
	return mutants.map(({ id, fileName, location, mutatorName, replacement }) => {
		const { start, end } = location;
		const lines =
			sources
				.find(({ name }) => name === fileName)
				?.content.split("\n")
				.slice(start.line, end.line + 1) ?? [];
		const last = lines.length - 1;
		const original = lines
			.map((line, index) => line.slice(index === 0 ? start.column : 0, index === last ? end.column : undefined))
			.join("\n");
		const place = `${relative(root, fileName)}:${start.line + 1}:${start.column + 1}`;
		return { id, place, mutator: mutatorName, original, replacement };
	});
}
