import { readFileSync } from "node:fs";
import { UsageError } from "./usage-error.ts";

/** @throws UsageError */
export function readEventFile(path: string): unknown {
	let text: string;
	try {
		text = readFileSync(path, "utf8");
	} catch (error) {
		const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
		throw new UsageError(`--event must name a file that can be read (${code})`);
	}
	try {
		return JSON.parse(text);
	} catch {
		throw new UsageError("--event must name a file that holds JSON");
	}
}
