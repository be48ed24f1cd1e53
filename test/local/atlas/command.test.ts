import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { startAtlas } from "../../../local/atlas/index.ts";

const start = (
	...flags: string[]
): ChildProcess & { readonly stdout: NodeJS.ReadableStream; readonly stderr: NodeJS.ReadableStream } =>
	spawn(process.execPath, ["local/atlas/main.ts", ...flags], { stdio: ["ignore", "pipe", "pipe"] });

test("prints its URL and its keys as the first line, and ends cleanly on SIGTERM and SIGINT", async () => {
	for (const signal of ["SIGTERM", "SIGINT"] as const) {
		const child = start("--port", "0", "--snapshot-seconds", "9");
		const ended = once(child, "exit");
		const [line] = await once(createInterface(child.stdout), "line");
		const printed = JSON.parse(line);
		expect(Object.keys(printed)).toEqual([
			"url",
			"publicKey",
			"privateKey",
			"clientId",
			"clientSecret",
			"projectId",
			"clusters",
		]);
		const world = await (await fetch(`${printed.url}/_control/world`)).json();
		expect(world).toMatchObject({ settings: { snapshotSeconds: 9 } });
		child.kill(signal);
		expect(await ended).toEqual([0, null]);
	}
});

test.each([
	[["--port", "abc"], "--port must be a whole number from 0 to 65535"],
	[["--port", "70000"], "--port must be a whole number from 0 to 65535"],
	[["--port", "1e3"], "--port must be a whole number from 0 to 65535"],
	[["--snapshot-seconds="], "--snapshot-seconds needs a value"],
	[["--snapshot-seconds", "-3"], "--snapshot-seconds needs a value"],
	[["--snapshot-seconds", "x"], "--snapshot-seconds must be a whole number from 0 to 1000000"],
	[["--port"], "--port needs a value"],
	[["--colour", "red"], "--colour is not known"],
	[["extra"], "every value must follow its flag"],
])("refuses %j with 2 and one line that names what is wrong", async (flags, sentence) => {
	const child = start(...flags);
	const [[code], err, out] = await Promise.all([once(child, "exit"), text(child.stderr), text(child.stdout)]);
	expect([code, out]).toEqual([2, ""]);
	expect(err).toContain(sentence);
	expect(err.trimEnd().split("\n")).toHaveLength(1);
});

test("says that a port is taken", async () => {
	await using atlas = await startAtlas();
	const child = start("--port", new URL(atlas.url).port);
	const [[code], err] = await Promise.all([once(child, "exit"), text(child.stderr)]);
	expect([code, err]).toEqual([2, expect.stringMatching(/^--port \d+ is in use by another program; .*\n$/)]);
});
