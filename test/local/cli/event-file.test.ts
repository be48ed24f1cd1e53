import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { faultOffset, readEventFile } from "../../../local/cli/event-file.ts";

const folder = mkdtempSync(join(tmpdir(), "atlas-snapshots-"));
afterAll(() => rmSync(folder, { recursive: true }));
const read = (bytes: Buffer | string) => {
	const path = join(folder, "event.json");
	writeFileSync(path, bytes);
	return readEventFile(path);
};

test.each([
	["UTF-8", Buffer.from('\uFEFF{"a":"é"}', "utf8")],
	["UTF-16, as PowerShell 5 writes it", Buffer.from('\uFEFF{"a":"é"}', "utf16le")],
	["UTF-16 big endian", Buffer.from('\uFEFF{"a":"é"}', "utf16le").swap16()],
	["no byte order mark", Buffer.from('{"a":"é"}', "utf8")],
])("an event file in %s is read", async (_what, bytes) => {
	expect(await read(bytes)).toEqual({ a: "é" });
});

test.each([
	["", "line 1, column 1"],
	['{\n  "a": 1,\n  "b": x\n}', "line 3, column 8"],
	['{"a":1,}', "line 1, column 8"],
	['{"a":1}\r\n{"b":2}', "line 2, column 1"],
	['\uFEFF{"a" 1}', "line 1, column 6"],
	['{"a":\n', "line 2, column 1"],
])("a file that holds %j is refused with the place, and not quoted", async (text, place) => {
	const refusal = await read(text).catch((error: unknown) => error);

	expect(refusal).toMatchObject({
		name: "UsageError",
		message: `--event must name a file that holds JSON; at ${place} it does not`,
	});
});

test("the place is that of the first character with which no JSON goes on, wherever it is", () => {
	// A control character is allowed nowhere in JSON, neither within a string nor outside.
	fc.assert(
		fc.property(fc.json(), fc.nat(), fc.constantFrom(undefined, 2), (json, at, spaces) => {
			const text = JSON.stringify(JSON.parse(json), null, spaces);
			const place = at % (text.length + 1);
			expect(faultOffset(`${text.slice(0, place)}\u0001${text.slice(place)}`)).toBe(place);
			expect(faultOffset(text.slice(0, place))).toBe(place);
		}),
		{ numRuns: 2000 },
	);
});
