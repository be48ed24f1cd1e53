import { describe, expect, test } from "vitest";
import { startAtlas } from "../../../local/atlas/index.ts";
import { basic, createCaller, manualClock, read, requestToken, V } from "./caller.ts";

describe("the token endpoint", () => {
	test("gives a bearer token for an hour, and nothing that a cache may keep", async () => {
		await using atlas = await startAtlas();
		const { status, json, headers } = await requestToken(atlas);
		expect([status, json.token_type, json.expires_in]).toEqual([200, "Bearer", 3600]);
		expect(headers.get("cache-control")).toBe("no-store");
	});

	test("does not undo percent-encoding of id and secret", async () => {
		await using atlas = await startAtlas({ credentials: { clientId: "mdb_sa_id_1", clientSecret: "a+b%c_d" } });
		expect((await requestToken(atlas)).status).toBe(200);
		const encoded = basic("mdb%5Fsa%5Fid%5F1", encodeURIComponent("a+b%c_d"));
		expect((await requestToken(atlas, encoded)).status).toBe(401);
		expect((await requestToken(atlas, basic("mdb_sa_id_1", encodeURIComponent("a+b%c_d")))).status).toBe(401);
	});

	test.each([
		["invalid_client", 401, "Basic bm9ib2R5Om5vdGhpbmc=", undefined, undefined],
		["invalid_client", 401, "Bearer x", undefined, undefined],
		["invalid_request", 400, undefined, "", undefined],
		["invalid_request", 400, undefined, "grant_type=client_credentials&grant_type=client_credentials", undefined],
		["invalid_request", 400, undefined, undefined, "application/json"],
		["unsupported_grant_type", 400, undefined, "grant_type=password", undefined],
	])("answers %s in the manner of RFC 6749, or of Atlas's errors", async (error, status, authorization, body, type) => {
		await using atlas = await startAtlas();
		const rfc = await requestToken(atlas, authorization, body, type);
		expect([rfc.status, rfc.json.error]).toEqual([status, error]);
		atlas.state.settings.tokenErrorStyle = "apiError";
		const api = await requestToken(atlas, authorization, body, type);
		expect([api.status, api.json.error, api.json.errorCode]).toEqual([status, status, error.toUpperCase()]);
	});

	test("issues fifty a minute and then says when to come again", async () => {
		const clock = manualClock("2026-08-10T00:00:00Z");
		await using atlas = await startAtlas({ now: clock.now });
		for (let count = 0; count < 50; count += 1) expect((await requestToken(atlas)).status).toBe(200);
		clock.forward(15);
		const limited = await requestToken(atlas);
		expect(limited.status).toBe(429);
		expect(limited.json).toMatchObject({ errorCode: "RATE_LIMITED", parameters: ["/api/oauth/token", 50, 1] });
		expect(limited.headers.get("retry-after")).toBe("45");
		clock.forward(45);
		expect((await requestToken(atlas)).status).toBe(200);
	});

	test("lets only so many tokens of a client live at once", async () => {
		const clock = manualClock("2026-08-10T00:00:00Z");
		await using atlas = await startAtlas({ now: clock.now, settings: { liveTokens: 2, tokenSeconds: 60 } });
		const statuses = [await requestToken(atlas), await requestToken(atlas), await requestToken(atlas)].map(
			({ status }) => status,
		);
		expect(statuses).toEqual([200, 200, 429]);
		clock.forward(60);
		expect((await requestToken(atlas)).status).toBe(200);
	});
});

describe("a token", () => {
	test("is good until it expires, and refused in the manner of RFC 6750 from then on", async () => {
		const clock = manualClock("2026-08-10T00:00:00Z");
		await using atlas = await startAtlas({ now: clock.now });
		const { get } = await createCaller(atlas);
		clock.forward(3599);
		expect((await get("/groups")).status).toBe(200);
		clock.forward(1);
		const late = await get("/groups");
		expect([late.status, late.json.detail]).toEqual([401, "You are not authorized for this resource."]);
		expect(late.headers.get("www-authenticate")).toMatch(/^Bearer .*error="invalid_token"/);
	});

	test("dies with the secret that it was minted with", async () => {
		await using atlas = await startAtlas();
		const old = basic(atlas.clientId, atlas.clientSecret);
		const { get } = await createCaller(atlas);
		atlas.state.rotateKeys();
		expect((await requestToken(atlas, old)).status).toBe(200);
		expect((await get("/groups")).status).toBe(200);
		atlas.state.retireOldKeys();
		expect((await requestToken(atlas, old)).status).toBe(401);
		expect((await get("/groups")).status).toBe(401);
		expect((await (await createCaller(atlas)).get("/groups")).status).toBe(200);
	});

	test("is not asked for where nobody is let in without one", async () => {
		await using atlas = await startAtlas();
		for (const authorization of ["Bearer nonsense", "Bearer", "Basic eDp5", "Hmac x"]) {
			const reply = await read(
				await fetch(`${atlas.url}/api/atlas/v2/groups`, { headers: { authorization, accept: V } }),
			);
			expect(reply.status).toBe(401);
		}
	});
});
