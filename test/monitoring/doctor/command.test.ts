import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startAtlas } from "../../../local/atlas/index.ts";

const DOCTOR = fileURLToPath(new URL("../../../local/doctor.ts", import.meta.url));

async function doctor(args: readonly string[], env: Record<string, string> = {}) {
	const child = spawn(process.execPath, [DOCTOR, ...args], { env: { PATH: process.env["PATH"] ?? "", ...env } });
	const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
	return { code: child.exitCode, out, err };
}

test("without flags the embedded Atlas is checked: ✓ for every check, exit 0", async () => {
	const { code, out } = await doctor([]);

	expect(out.match(/^./gmu)).toEqual(Array(14).fill("✓"));
	expect(code).toBe(0);
});

test("a cluster that is paused is one ✗, exit 1", async () => {
	const { code, out } = await doctor(["--cluster", "archive"]);

	expect(out.match(/^✗.*$/gm)).toEqual([expect.stringMatching(/^✗ paused +cluster archive: it is paused/)]);
	expect(code).toBe(1);
});

test("another Atlas is checked with the keys of the environment; --json prints JSON", async () => {
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
