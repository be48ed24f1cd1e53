import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startAtlas } from "../../../local/atlas/index.ts";

const DOCTOR = fileURLToPath(new URL("../../../local/doctor.ts", import.meta.url));

interface Ended {
	readonly code: number | null;
	readonly out: string;
	readonly err: string;
}

function doctor(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
	const child = spawn(process.execPath, [DOCTOR, ...args], { env: { PATH: process.env["PATH"] ?? "", ...env } });
	let [out, err] = ["", ""];
	child.stdout.on("data", (chunk: Buffer) => {
		out += chunk.toString();
	});
	child.stderr.on("data", (chunk: Buffer) => {
		err += chunk.toString();
	});
	return new Promise((resolve, reject) => {
		child.on("error", reject);
		child.on("close", (code) => resolve({ code, out, err }));
	});
}

test("without flags the embedded Atlas is examined: a ✓ for every check, exit 0", async () => {
	const { code, out } = await doctor([]);

	const marks = out
		.trimEnd()
		.split("\n")
		.map((line) => line[0]);
	expect(marks).toHaveLength(14);
	expect(new Set(marks)).toEqual(new Set(["✓"]));
	expect(code).toBe(0);
});

test("a cluster that is paused is one ✗, exit 1", async () => {
	const { code, out } = await doctor(["--cluster", "archive"]);

	expect(out.match(/^✗.*$/gm)).toEqual([expect.stringMatching(/^✗ paused +cluster archive: it is paused/)]);
	expect(code).toBe(1);
});

test("another Atlas is examined with the keys of the environment, as JSON if asked for", async () => {
	await using atlas = await startAtlas();
	const env = {
		MONGODB_ATLAS_PUBLIC_API_KEY: atlas.publicKey,
		MONGODB_ATLAS_PRIVATE_API_KEY: atlas.privateKey,
	};

	const { code, out, err } = await doctor(["--atlas-url", atlas.url, "--project", atlas.projectId, "--json"], env);

	expect(JSON.parse(out)).toMatchObject({ healthy: true, projectId: atlas.projectId, clusterName: "prod-a" });
	expect(code).toBe(0);
	expect(err).toBe("");
	expect(out).not.toContain(atlas.privateKey);
});

test.concurrent.each([
	["an unknown flag", ["--frobnicate"]],
	["a project that cannot be one", ["--project", "shop"]],
	["a cluster that cannot be one", ["--cluster", "-a b"]],
	["a retention of no days", ["--retention-days", "0"]],
	["an unencrypted Atlas", ["--atlas-url", "http://atlas.example.com"]],
	["an Atlas without keys", ["--atlas-url", "https://atlas.example.com"]],
])("%s is a wrong call: exit 2, and nothing on standard output", async (_what, args) => {
	const { code, out, err } = await doctor(args);

	expect([code, out]).toEqual([2, ""]);
	expect(err).not.toBe("");
});
