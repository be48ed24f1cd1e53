import { hash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseDigest } from "../../../local/atlas/api/authenticate.ts";
import { type AtlasSimulator, startAtlas } from "../../../local/atlas/index.ts";
import { API, manualClock, read, type TestResponse, V } from "./caller.ts";

const CHALLENGE =
	/^Digest realm="MMS Public API", domain="", nonce="([A-Za-z0-9+/]{32})", algorithm=MD5, qop="auth", stale=(true|false)$/;

const path = (atlas: AtlasSimulator): string => `${API}/groups/${atlas.projectId}/clusters?pageNum=1`;

const send = async (atlas: AtlasSimulator, authorization?: string, target = path(atlas)): Promise<TestResponse> =>
	read(
		await fetch(atlas.url + target, {
			headers: { accept: V, ...(authorization === undefined ? {} : { authorization }) },
		}),
	);

const challengeOf = ({ headers }: TestResponse): [nonce: string, stale: string] => {
	const [, nonce = "", stale = ""] = CHALLENGE.exec(headers.get("www-authenticate") ?? "") ?? [];
	return [nonce, stale];
};

const freshNonce = async (atlas: AtlasSimulator): Promise<string> => challengeOf(await send(atlas))[0];

/** An answer of our own making to a challenge, with any part of it turned. */
function answer(atlas: AtlasSimulator, nonce: string, turned: Record<string, string> = {}): string {
	const p = {
		username: atlas.publicKey,
		password: atlas.privateKey,
		realm: "MMS Public API",
		nonce,
		uri: path(atlas),
		nc: "00000001",
		cnonce: "0a4f113b",
		qop: "auth",
		algorithm: "MD5",
		...turned,
	};
	const h = (text: string): string => hash(p.algorithm === "SHA-256" ? "sha256" : "md5", text, "hex");
	const secret = h(`${p.username}:${p.realm}:${p.password}`);
	const response = h(`${secret}:${nonce}:${p.nc}:${p.cnonce}:${p.qop}:${h(`GET:${p.uri}`)}`);
	return (
		`Digest username="${p.username}", realm="${p.realm}", nonce="${nonce}", uri="${p.uri}", ` +
		`algorithm=${p.algorithm}, response="${response}", qop=${p.qop}, nc=${p.nc}, cnonce="${p.cnonce}"`
	);
}

describe("the challenge", () => {
	test("is byte for byte the recorded one, with a new nonce of 24 bytes each time", async () => {
		await using atlas = await startAtlas();
		const first = await send(atlas);
		expect(first.status).toBe(401);
		expect(first.headers.get("content-type")).toBe("application/json");
		expect(first.headers.get("content-length")).toBe("142");
		expect(first.headers.has("x-error-code")).toBe(false);
		expect(first.headers.has("ratelimit-limit")).toBe(false);
		const [nonce, stale] = challengeOf(first);
		expect(Buffer.from(nonce, "base64")).toHaveLength(24);
		expect(stale).toBe("false");
		expect(await freshNonce(atlas)).not.toBe(nonce);
	});

	test("holds no error code where the settings say so", async () => {
		await using atlas = await startAtlas({ settings: { unauthorizedErrorCode: null } });
		expect((await send(atlas)).json).toEqual({
			error: 401,
			reason: "Unauthorized",
			detail: "You are not authorized for this resource.",
		});
	});
});

describe("the answer to a challenge", () => {
	test("is let in while the count grows, and refused as not stale when a count comes again", async () => {
		await using atlas = await startAtlas();
		const nonce = await freshNonce(atlas);
		expect((await send(atlas, answer(atlas, nonce))).status).toBe(200);
		expect((await send(atlas, answer(atlas, nonce, { nc: "00000003" }))).status).toBe(200);
		expect((await send(atlas, answer(atlas, nonce, { nc: "00000002" }))).status).toBe(200);
		const repeated = await send(atlas, answer(atlas, nonce, { nc: "00000003" }));
		expect([repeated.status, challengeOf(repeated)[1]]).toEqual([401, "false"]);
	});

	test("is stale for a nonce that is unknown, a minute old or worn out", async () => {
		const clock = manualClock("2026-08-10T00:00:00Z");
		await using atlas = await startAtlas({ now: clock.now });
		const stale = async (authorization: string): Promise<string> => challengeOf(await send(atlas, authorization))[1];
		expect(await stale(answer(atlas, "669gyxpgL6MGDuSZvQ80Spv3k+Jc99ed"))).toBe("true");
		const nonce = await freshNonce(atlas);
		expect((await send(atlas, answer(atlas, nonce, { nc: "000003ff" }))).status).toBe(200);
		expect(await stale(answer(atlas, nonce, { nc: "00000400" }))).toBe("true");
		clock.forward(59);
		expect((await send(atlas, answer(atlas, nonce))).status).toBe(200);
		clock.forward(1);
		expect(await stale(answer(atlas, nonce, { nc: "00000002" }))).toBe("true");
	});

	test.each([
		["a wrong password", { password: "no" }],
		["an unknown user", { username: "nobody" }],
		["a uri without the query", { uri: `${API}/groups` }],
		["another realm", { realm: "MMS" }],
		["a count of seven digits", { nc: "0000001" }],
		["a count in another base", { nc: "0000000g" }],
		["no cnonce", { cnonce: "" }],
		["another qop", { qop: "auth-int" }],
		["an algorithm that was not offered", { algorithm: "SHA-256" }],
	])("is refused as not stale for %s", async (_, turned) => {
		await using atlas = await startAtlas();
		const refused = await send(atlas, answer(atlas, await freshNonce(atlas), turned));
		expect([refused.status, challengeOf(refused)[1]]).toEqual([401, "false"]);
	});

	test("is signed with SHA-256 where that is offered, beside MD5", async () => {
		await using atlas = await startAtlas({ settings: { digestAlgorithms: ["SHA-256", "MD5"] } });
		const offered = (await send(atlas)).headers.get("www-authenticate") ?? "";
		expect(offered.match(/algorithm=[\w-]+/g)).toEqual(["algorithm=SHA-256", "algorithm=MD5"]);
		const [, nonce = ""] = /nonce="([^"]+)"/.exec(offered) ?? [];
		expect((await send(atlas, answer(atlas, nonce, { algorithm: "SHA-256" }))).status).toBe(200);
		expect((await send(atlas, answer(atlas, nonce, { nc: "00000002" }))).status).toBe(200);
	});

	test("outlives a rotation of the keys until the old ones are retired", async () => {
		await using atlas = await startAtlas();
		const old = { username: atlas.publicKey, password: atlas.privateKey };
		atlas.state.rotateKeys();
		expect(atlas.publicKey).not.toBe(old.username);
		expect((await send(atlas, answer(atlas, await freshNonce(atlas), old))).status).toBe(200);
		expect((await send(atlas, answer(atlas, await freshNonce(atlas)))).status).toBe(200);
		atlas.state.retireOldKeys();
		expect((await send(atlas, answer(atlas, await freshNonce(atlas), old))).status).toBe(401);
		expect((await send(atlas, answer(atlas, await freshNonce(atlas)))).status).toBe(200);
	});
});

describe("reading an answer", () => {
	test("takes back whatever was quoted", () => {
		const text = fc.string({ unit: fc.integer({ min: 32, max: 126 }).map((code) => String.fromCharCode(code)) });
		fc.assert(
			fc.property(text, text, (username, cnonce) => {
				const quoted = (value: string): string => `"${value.replaceAll(/["\\]/g, "\\$&")}"`;
				const found = parseDigest(`Digest username=${quoted(username)},nc=00000001, cnonce=${quoted(cnonce)}`);
				expect(found && Object.fromEntries(found)).toEqual({ username, nc: "00000001", cnonce });
			}),
		);
	});

	test.each(["Digest nc=1, nc=2", 'Digest username="open', "Digest =x", "Digest a b", "Digest a=b c=d"])(
		"finds %s malformed",
		(value) => {
			expect(parseDigest(value)).toBeUndefined();
		},
	);
});
