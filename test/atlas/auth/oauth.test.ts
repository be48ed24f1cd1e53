import { describe, expect, test } from "vitest";
import { isKeyRefused } from "../../../lambda/atlas/auth/authenticate.ts";
import { oauth } from "../../../lambda/atlas/auth/oauth.ts";
import type { AtlasRequest, Layer } from "../../../lambda/atlas/request.ts";
import { failureOf } from "../../harness/atlas-client.ts";
import { GET, POST, reply, scripted } from "./scripted.ts";

const OK = reply(200);
const REFUSED = reply(401);
const token = (name: string, fields: object = {}) =>
	reply(200, {}, { access_token: name, token_type: "Bearer", expires_in: 300, ...fields });
const ACCOUNT = { clientId: "mdb_sa_id_1", clientSecret: "sécret:1" };

const newOauth = (now = () => 0): Layer => oauth(ACCOUNT, now);
const lines = (sent: readonly AtlasRequest[]) =>
	sent.map(({ method, target, headers }) =>
		target === "/api/oauth/token" ? "token" : `${method} ${headers["authorization"]?.replace("Bearer ", "")}`,
	);

describe("the request for a token", () => {
	test("carries id and secret as UTF-8 in Basic, and nothing of the call but its time and user agent", async () => {
		const { send, sent } = scripted(newOauth(), [token("t"), OK]);
		await send(POST);

		expect(sent).toEqual([
			{
				method: "POST",
				target: "/api/oauth/token",
				headers: {
					accept: "application/json",
					authorization: `Basic ${Buffer.from("mdb_sa_id_1:sécret:1").toString("base64")}`,
					"content-type": "application/x-www-form-urlencoded",
					"user-agent": "test",
				},
				body: "grant_type=client_credentials",
				period: POST.period,
			},
			{ ...POST, headers: { ...POST.headers, authorization: "Bearer t" } },
		]);
	});

	test("has an empty user agent where the call has none", async () => {
		const { send, sent } = scripted(newOauth(), [token("t"), OK]);
		await send({ ...GET, headers: {} });

		expect(sent[0]?.headers["user-agent"]).toBe("");
	});

	test.for([
		["429 after 3 s", [reply(429, { "retry-after": "3" }), token("t"), OK], ["token", "token", "GET t"]],
		["503 after 1 s", [reply(503, { "retry-after": "1" }), token("t"), OK], ["token", "token", "GET t"]],
		[
			"429 twice",
			[reply(429, { "retry-after": "1" }), reply(429, { "retry-after": "1" }), token("t"), OK],
			["token", "token", "token", "GET t"],
		],
	] as const)("is repeated after %s", async ([, replies, expected]) => {
		const { send, sent } = scripted(newOauth(), [...replies]);
		await send(GET);

		expect(lines(sent)).toEqual(expected);
	});

	test.for([
		["429 after 4 s", [reply(429, { "retry-after": "4" })], "ATLAS_RATE_LIMITED"],
		["429 without a time", [reply(429)], "ATLAS_RATE_LIMITED"],
		["503 without a time", [reply(503)], "ATLAS_FAULT"],
		["500 after 1 s", [reply(500, { "retry-after": "1" })], "ATLAS_FAULT"],
		["429 three times", Array.from({ length: 3 }, () => reply(429, { "retry-after": "1" })), "ATLAS_RATE_LIMITED"],
		["a 400 about the client", [reply(400, {}, { error: "invalid_client" })], "ATLAS_KEY_REFUSED", 401],
		["a 400 about the client's right", [reply(400, {}, { error: "unauthorized_client" })], "ATLAS_KEY_REFUSED", 401],
		["a 400 about the request", [reply(400, {}, { error: "invalid_request" })], "ATLAS_BAD_REQUEST"],
		["a 500 about the client", [reply(500, {}, { error: "invalid_client" })], "ATLAS_FAULT"],
		["a token with a line break", [token("a\nb")], "ATLAS_UNREADABLE"],
		["a token behind a blank", [token(" a")], "ATLAS_UNREADABLE"],
		["an empty token", [token("")], "ATLAS_UNREADABLE"],
		["a token of another type", [token("a", { token_type: "xbearer" })], "ATLAS_UNREADABLE"],
		["a token of a longer type", [token("a", { token_type: "bearerx" })], "ATLAS_UNREADABLE"],
		["a token that lasts half a second", [token("a", { expires_in: 0.5 })], "ATLAS_UNREADABLE"],
	] as const)("answered with %s fails", async ([, replies, code, status = replies[0]?.status]) => {
		const { send, sent } = scripted(newOauth(), [...replies]);

		expect((await failureOf(send(GET))).fault).toMatchObject({ code, status, executed: "unknown" });
		expect(lines(sent)).toEqual(replies.map(() => "token"));
	});

	test("accepts a token of every form that RFC 6750 allows", async () => {
		const { send, sent } = scripted(newOauth(), [token("aZ0-._~+/==", { token_type: "BEARER" }), OK]);
		await send(GET);

		expect(lines(sent)).toEqual(["token", "GET aZ0-._~+/=="]);
	});
});

describe("a token", () => {
	/** Calls at these times in ms, with these replies. @returns what was sent at the last time */
	async function callAt(times: readonly number[], replies: Parameters<typeof scripted>[1]) {
		let now = 0;
		let before = 0;
		const { send, sent } = scripted(
			newOauth(() => now),
			replies,
		);
		for (const time of times) {
			before = sent.length;
			now = time;
			await send(GET);
		}
		return lines(sent.slice(before));
	}

	test.for([
		["is used before two thirds of its life", [0, 199_999], [token("t"), OK, OK], ["GET t"]],
		["is renewed at two thirds of its life", [0, 200_000], [token("t"), OK, token("u"), OK], ["token", "GET u"]],
		[
			"lasts five minutes where Atlas does not say how long",
			[0, 200_000],
			[token("t", { expires_in: undefined }), OK, token("u"), OK],
			["token", "GET u"],
		],
		["of one second is good", [0, 600], [token("t", { expires_in: 1 }), OK, OK], ["GET t"]],
		["is used on while its renewal fails", [0, 200_000], [token("t"), OK, reply(500), OK], ["token", "GET t"]],
		["is not renewed again within 30 s", [0, 200_000, 229_999], [token("t"), OK, reply(500), OK, OK], ["GET t"]],
		[
			"is renewed again after 30 s",
			[0, 200_000, 230_000],
			[token("t"), OK, reply(500), OK, token("u"), OK],
			["token", "GET u"],
		],
		[
			"is renewed again at its end, if that comes sooner",
			[0, 290_000, 300_000],
			[token("t"), OK, reply(500), OK, token("u"), OK],
			["token", "GET u"],
		],
		[
			"is used to the last moment while its renewal fails",
			[0, 299_999],
			[token("t"), OK, reply(500), OK],
			["token", "GET t"],
		],
	] as const)("%s", async ([, times, replies, expected]) => {
		expect(await callAt(times, [...replies])).toEqual(expected);
	});

	test("is not used at its end", async () => {
		const error = await failureOf(callAt([0, 300_000], [token("t"), OK, reply(500), OK]));

		expect(error.fault.code).toBe("ATLAS_FAULT");
	});

	test("lives from the request for it on", async () => {
		let now = 0;
		const slowly: Layer = (next) => async (request) => {
			if (request.target === "/api/oauth/token") now += 50_000;
			return next(request);
		};
		const { send, sent } = scripted((next) => newOauth(() => now)(slowly(next)), [token("t"), OK, token("u"), OK]);
		await send(GET);
		now = 200_000;
		await send(GET);

		expect(lines(sent)).toEqual(["token", "GET t", "token", "GET u"]);
	});

	test("that Atlas refused before its renewal failed is not used on", async () => {
		let now = 0;
		const held = Promise.withResolvers<ReturnType<typeof reply>>();
		const slow = Promise.withResolvers<ReturnType<typeof reply>>();
		const { send } = scripted(
			newOauth(() => now),
			[token("t"), OK, slow.promise, held.promise],
		);
		await send(GET);
		const refused = failureOf(send(GET));
		now = 200_000;
		const renewing = failureOf(send(GET));
		slow.resolve(REFUSED);
		await new Promise(setImmediate);
		held.resolve(reply(500));

		expect((await renewing).fault.code).toBe("ATLAS_FAULT");
		expect((await refused).fault.code).toBe("ATLAS_FAULT");
	});
});

describe("a 401", () => {
	test("to a token in use is answered with a new token, once", async () => {
		const { send, sent } = scripted(newOauth(), [token("t"), OK, REFUSED, token("u"), REFUSED]);
		await send(GET);

		expect((await send(POST)).status).toBe(401);
		expect(lines(sent)).toEqual(["token", "GET t", "POST t", "token", "POST u"]);
	});

	test("to a fresh token is returned, and the token is dropped", async () => {
		const { send, sent } = scripted(newOauth(), [token("t"), REFUSED, token("u"), OK]);

		expect((await send(POST)).status).toBe(401);
		await send(POST);
		expect(lines(sent)).toEqual(["token", "POST t", "token", "POST u"]);
	});

	test("to two calls at once fetches one token", async () => {
		const { send, sent } = scripted(newOauth(), [token("t"), OK, REFUSED, REFUSED, token("u"), OK, OK]);
		await send(GET);
		await Promise.all([send(GET), send(GET)]);

		expect(lines(sent)).toEqual(["token", "GET t", "GET t", "GET t", "token", "GET u", "GET u"]);
	});

	test("that comes after another call has fetched a token is answered with that one", async () => {
		const slow = Promise.withResolvers<ReturnType<typeof reply>>();
		const { send, sent } = scripted(newOauth(), [token("t"), OK, slow.promise, REFUSED, token("u"), OK, OK, OK]);
		await send(GET);
		const last = send(GET);
		await send(GET);
		slow.resolve(REFUSED);
		await last;
		await send(GET);

		expect(lines(sent)).toEqual(["token", "GET t", "GET t", "GET t", "token", "GET u", "GET u", "GET u"]);
	});

	test.for([
		[401, undefined, true],
		[401, "ATLAS_UNHEARD_OF", true],
		[401, "invalid_client", true],
		[401, "USER_UNAUTHORIZED", false],
		[401, "NOT_IN_GROUP", false],
		[403, undefined, false],
		[200, undefined, false],
	] as const)("%i %s refuses the key: %s", ([status, errorCode, expected]) => {
		expect(isKeyRefused(reply(status, {}, errorCode === undefined ? "" : { errorCode }))).toBe(expected);
	});
});
