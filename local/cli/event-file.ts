import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { UsageError } from "./command.ts";

/**
 * Reads an event. Its text may begin with a byte order mark, as PowerShell writes one: UTF-8 or UTF-16.
 *
 * @param path `-` is standard input
 * @throws UsageError with the line and the column of what is no JSON
 */
export async function readEventFile(path: string): Promise<unknown> {
	const bytes = await (path === "-" ? buffer(process.stdin) : readFile(path)).catch((error: unknown) => {
		const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
		throw new UsageError(`--event must name a file that can be read (${code})`);
	});
	const text = decode(bytes);
	try {
		return JSON.parse(text);
	} catch {
		const before = text.slice(0, faultOffset(text)).split(/\r\n|\n|\r/);
		const place = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
		const source = path === "-" ? "an input" : "a file";
		throw new UsageError(`--event must name ${source} that holds JSON; at ${place} it does not`);
	}
}

function decode(bytes: Buffer): string {
	const [first, second] = bytes;
	const encoding =
		first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
	// It leaves the mark out.
	return new TextDecoder(encoding).decode(bytes);
}

/**
 * Where a text stops being JSON: up to there it is the beginning of some JSON, with the next character it is of none.
 * Found by bisection, because V8's messages quote the text and do not always hold a position.
 *
 * @returns UTF-16 code units; the text's length where only its end is missing
 */
export function faultOffset(text: string): number {
	let [begins, fails] = [0, text.length + 1];
	while (fails - begins > 1) {
		const middle = (begins + fails) >> 1;
		if (beginsJson(text.slice(0, middle))) begins = middle;
		else fails = middle;
	}
	return begins;
}

function beginsJson(text: string): boolean {
	try {
		JSON.parse(text);
		return true;
	} catch (error) {
		const { message } = error as Error;
		const position = /at position (\d+)/.exec(message)?.[1];
		return position === undefined ? message === "Unexpected end of JSON input" : Number(position) >= text.length;
	}
}
