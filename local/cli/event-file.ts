import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { UsageError } from "./usage-error.ts";

/** @param path `-` is standard input @throws UsageError */
export async function readEventFile(path: string): Promise<unknown> {
	const content = await (path === "-" ? text(process.stdin) : readFile(path, "utf8")).catch((error: unknown) => {
		const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
		throw new UsageError(`--event must name a file that can be read (${code})`);
	});
	try {
		return JSON.parse(content);
	} catch {
		throw new UsageError(`--event must name ${path === "-" ? "an input" : "a file"} that holds JSON`);
	}
}
