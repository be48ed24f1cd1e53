import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { startAtlas } from "../../../local/atlas/index.ts";
import { API, manualClock, requestToken, V } from "./caller.ts";

const run = promisify(execFile);
const hasCurl = spawnSync("curl", ["--version"]).status === 0;

/** What curl prints, and the last status. */
async function curl(...args: string[]): Promise<{ status: number; body: string }> {
	const { stdout } = await run("curl", ["--silent", "--write-out", "\n%{http_code}", ...args]);
	const cut = stdout.lastIndexOf("\n");
	return { status: Number(stdout.slice(cut + 1)), body: stdout.slice(0, cut) };
}

const accept = ["--header", `Accept: ${V}`];
const sending = [...accept, "--header", `Content-Type: ${V}`, "--data", '{"description":"curl","retentionInDays":2}'];

describe.skipIf(!hasCurl)("driven by curl (skipped where there is none)", () => {
	test("carries a snapshot from its taking to its end with --digest, and is strict about the key", async () => {
		const clock = manualClock("2026-08-10T00:00:00Z");
		await using atlas = await startAtlas({ now: clock.now });
		const login = ["--digest", "--user", `${atlas.publicKey}:${atlas.privateKey}`];
		const url = `${atlas.url}${API}/groups/${atlas.projectId}/clusters/prod-a/backup/snapshots`;
		const taken = await curl(...login, ...sending, `${url}?envelope=false&pretty=true`);
		expect(taken.status).toBe(200);
		const { id, status } = JSON.parse(taken.body);
		expect(status).toBe("queued");
		clock.forward(5);
		const seen = await curl(...login, ...accept, `${url}/${id}`);
		expect(JSON.parse(seen.body)).toMatchObject({ id, status: "completed", description: "curl" });
		expect(atlas.log.map(({ kind, scheme, status: code }) => [kind, scheme, code])).toEqual([
			["challenge", "none", 401],
			["take", "digest", 200],
			["challenge", "none", 401],
			["get", "digest", 200],
		]);
		const wrong = await curl("--digest", "--user", `${atlas.publicKey}:wrong`, ...accept, url);
		expect(wrong.status).toBe(401);
	});

	test("answers SHA-256 where it is offered first", async () => {
		await using atlas = await startAtlas({ settings: { digestAlgorithms: ["SHA-256", "MD5"] } });
		const login = ["--digest", "--user", `${atlas.publicKey}:${atlas.privateKey}`];
		expect((await curl(...login, ...accept, `${atlas.url}${API}/groups`)).status).toBe(200);
	});

	test("carries a snapshot with a bearer token that curl asked for", async () => {
		await using atlas = await startAtlas();
		const minted = await curl(
			...["--user", `${atlas.clientId}:${atlas.clientSecret}`, "--data", "grant_type=client_credentials"],
			`${atlas.url}/api/oauth/token`,
		);
		const bearer = ["--header", `Authorization: Bearer ${JSON.parse(minted.body).access_token}`];
		const url = `${atlas.url}${API}/groups/${atlas.projectId}/clusters/events/backup/snapshots`;
		const taken = await curl(...bearer, ...sending, url);
		expect([taken.status, JSON.parse(taken.body).type]).toEqual([200, "shardedCluster"]);
		const again = await curl(...bearer, ...sending, url);
		expect([again.status, JSON.parse(again.body).errorCode]).toEqual([400, "UNFINISHED_ON_DEMAND_SNAPSHOT"]);
	});

	test("shows curl a cut body and a dropped connection as what they are", async () => {
		await using atlas = await startAtlas();
		const { json } = await requestToken(atlas);
		const bearer = ["--header", `Authorization: Bearer ${json.access_token}`];
		atlas.faults.add({ on: { kind: "groups" }, do: { type: "cut", bytes: 5 } });
		atlas.faults.add({ on: { kind: "groups", nth: 2 }, do: { type: "drop", when: "after" } });
		// 18: transfer closed with bytes remaining; 52: empty reply.
		for (const code of [18, 52])
			await expect(curl(...bearer, ...accept, `${atlas.url}${API}/groups`)).rejects.toMatchObject({ code });
	});
});
