import { describe, expect, test } from "vitest";
import { digest } from "../../../lambda/atlas/auth/digest.ts";
import type { AtlasRequest, Layer } from "../../../lambda/atlas/request.ts";
import { SocketFailure } from "../../../lambda/atlas/transport-error.ts";
import { AtlasError } from "../../../lambda/domain/errors.ts";
import { failureOf } from "../../harness/atlas-client.ts";
import { GET, POST, reply, scripted, TARGET } from "./scripted.ts";

const OK = reply(200);
const challenge = (nonce: string, stale?: boolean) =>
	reply(401, {
		"www-authenticate": `Digest realm="r", nonce="${nonce}", qop="auth"${stale === undefined ? "" : `, stale=${stale}`}`,
	});
const REFUSED = reply(401);
const closed = () =>
	new AtlasError({ code: "ATLAS_NO_REPLY", executed: "unknown" }, "closed", {
		cause: new SocketFailure("UND_ERR_SOCKET"),
	});

const newDigest = (now = () => 0): Layer => digest({ publicKey: "public", privateKey: "private" }, now);
const field = ({ headers }: AtlasRequest, name: string) =>
	new RegExp(`${name}="?([^",]*)`).exec(headers["authorization"] ?? "")?.[1] ?? "-";
/** Method, nonce and count of each request. */
const lines = (sent: readonly AtlasRequest[]) =>
	sent.map((request) => `${request.method} ${field(request, "nonce")} ${Number.parseInt(field(request, "nc"), 16)}`);

describe("the challenge request", () => {
	test("is a GET of the same target, without body, content type and credentials", async () => {
		const { send, sent } = scripted(newDigest(), [challenge("a"), OK]);
		await send(POST);

		expect(sent[0]).toEqual({
			method: "GET",
			target: TARGET,
			projectId: POST.projectId,
			headers: { accept: "application/json", "user-agent": "test" },
			period: POST.period,
		});
		expect(sent[1]).toEqual({ ...POST, headers: { ...POST.headers, authorization: expect.any(String) } });
	});

	test.for([
		["a success", reply(200, {}, {}), { code: "ATLAS_UNREADABLE", status: 200 }],
		[
			"a success with a challenge",
			{ ...challenge("a"), status: 299, body: "{}" },
			{ code: "ATLAS_UNREADABLE", status: 299 },
		],
		["a redirect with JSON", reply(300, {}, {}), { code: "ATLAS_BAD_REQUEST", status: 300 }],
		["a 401 without a challenge", REFUSED, { code: "ATLAS_KEY_REFUSED", status: 401 }],
		[
			"a 403 with a challenge",
			{ ...challenge("a"), status: 403, body: "{}" },
			{ code: "ATLAS_FORBIDDEN", status: 403 },
		],
	] as const)("answered with %s fails the call, which is not sent", async ([, first, fault]) => {
		const { send, sent } = scripted(newDigest(), [first]);
		const error = await failureOf(send(POST));

		expect(error.fault).toMatchObject({ ...fault, executed: "no" });
		expect(sent).toHaveLength(1);
	});

	test("is repeated before a POST where the server closed its socket; a GET is repeated by an outer layer", async () => {
		const post = scripted(newDigest(), [closed(), challenge("a"), OK]);
		const get = scripted(newDigest(), [closed()]);

		await post.send(POST);
		expect(lines(post.sent)).toEqual(["GET - NaN", "GET - NaN", "POST a 1"]);
		expect((await failureOf(get.send(GET))).fault.code).toBe("ATLAS_NO_REPLY");
		expect(get.sent).toHaveLength(1);
	});

	test("that fails is reported about each call's own subject, with its fault and cause", async () => {
		const cause = new Error("why");
		const failed = new AtlasError(
			{ code: "ATLAS_FAULT", status: 503 },
			"cluster prod-a of project 32b6e34b3d91647abb20e7b8: bad",
			{ cause },
		);
		const { send } = scripted(newDigest(), [failed]);
		const other = { ...GET, target: TARGET.replace("prod-a", "prod-b") };
		const [first, second] = await Promise.all([failureOf(send(GET)), failureOf(send(other))]);

		expect(first).toBe(failed);
		expect(second.message).toBe("cluster prod-b of project 32b6e34b3d91647abb20e7b8: bad");
		expect([second.fault, second.cause]).toEqual([failed.fault, cause]);
	});

	test("that fails otherwise is reported as it is", async () => {
		const [own, defect] = [new AtlasError({ code: "ATLAS_FAULT" }, "no subject"), new TypeError("defect")];
		for (const failed of [own, defect]) {
			const { send } = scripted(newDigest(), [failed]);
			const ends = await Promise.allSettled([send(GET), send({ ...GET, target: `${TARGET}/x` })]);

			expect(ends.map((end) => end.status === "rejected" && end.reason)).toEqual([failed, failed]);
		}
	});

	test("is made anew after one that failed", async () => {
		const { send, sent } = scripted(newDigest(), [reply(500), challenge("a"), OK]);
		await failureOf(send(POST));
		await send(POST);

		expect(lines(sent)).toEqual(["GET - NaN", "GET - NaN", "POST a 1"]);
	});
});

describe("a nonce", () => {
	test.for([
		["is used again after 39.999 s", 39_999, ["POST a 2"]],
		["is not used again after 40 s", 40_000, ["GET - NaN", "POST b 1"]],
		["is not used again after the clock went back", -1, ["GET - NaN", "POST b 1"]],
	] as const)("%s", async ([, later, expected]) => {
		let now = 0;
		const { send, sent } = scripted(
			newDigest(() => now),
			[challenge("a"), OK, ...(later === 39_999 ? [] : [challenge("b")]), OK],
		);
		await send(POST);
		now = later;
		await send(POST);

		expect(lines(sent).slice(2)).toEqual(expected);
	});

	test("is used 1,000 times", async () => {
		const oks = Array.from({ length: 1_000 }, () => OK);
		const { send, sent } = scripted(newDigest(), [challenge("a"), ...oks, challenge("b"), OK]);
		for (let calls = 0; calls <= 1_000; calls++) await send(POST);

		expect(lines(sent).slice(1000)).toEqual(["POST a 1000", "GET - NaN", "POST b 1"]);
		expect(
			new Set(sent.filter(({ method }) => method === "POST").map((request) => field(request, "cnonce"))).size,
		).toBe(1_001);
		expect(field(sent[1] ?? POST, "cnonce")).toMatch(/^[0-9a-f]{32}$/);
	});

	test("is used no more often by calls that waited for it together", async () => {
		const oks = Array.from({ length: 1_001 }, () => OK);
		const { send, sent } = scripted(newDigest(), [challenge("a"), ...oks.slice(1), challenge("b"), OK]);
		await Promise.all(oks.map(() => send(POST)));

		expect(lines(sent).filter((line) => line === "GET - NaN")).toHaveLength(2);
		expect(lines(sent)).toContain("POST a 1000");
		expect(lines(sent).at(-1)).toBe("POST b 1");
	});
});

describe("a 401", () => {
	test.for([
		["to a fresh nonce is returned", [challenge("a"), challenge("b")], ["POST a 1"], 401],
		[
			"to a fresh nonce that is called stale is answered again",
			[challenge("a"), challenge("b", true), OK],
			["POST a 1", "POST b 1"],
			200,
		],
		["without a challenge to a fresh nonce is returned", [challenge("a"), REFUSED], ["POST a 1"], 401],
	] as const)("%s", async ([, replies, expected, status]) => {
		const { send, sent } = scripted(newDigest(), [...replies]);

		expect((await send(POST)).status).toBe(status);
		expect(lines(sent)).toEqual(["GET - NaN", ...expected]);
	});

	test.for([
		["is answered with the fresh challenge", [challenge("b"), OK], ["POST a 2", "POST b 1"], 200],
		[
			"is answered with the fresh challenge though stale is false",
			[challenge("b", false), OK],
			["POST a 2", "POST b 1"],
			200,
		],
		["without a challenge fetches one", [REFUSED, challenge("b"), OK], ["POST a 2", "GET - NaN", "POST b 1"], 200],
		[
			"is returned where the fresh nonce is refused too",
			[challenge("b"), challenge("c")],
			["POST a 2", "POST b 1"],
			401,
		],
		[
			"is returned after three tries",
			[challenge("b", true), challenge("c", true), challenge("d")],
			["POST a 2", "POST b 1", "POST c 1"],
			401,
		],
	] as const)("to a nonce in use %s", async ([, replies, expected, status]) => {
		const { send, sent } = scripted(newDigest(), [challenge("a"), OK, ...replies]);
		await send(POST);

		expect((await send(POST)).status).toBe(status);
		expect(lines(sent).slice(2)).toEqual(expected);
	});

	test("that calls every fresh nonce stale is Atlas's fault after three tries, about the call's subject", async () => {
		const replies = [challenge("a"), challenge("b", true), challenge("c", true), challenge("d", true)];
		const { send, sent } = scripted(newDigest(), replies);
		const { fault, message } = await failureOf(send(POST));

		expect(fault).toMatchObject({ code: "ATLAS_FAULT", status: 401 });
		expect(message).toMatch(/^cluster prod-a of project 32b6e34b3d91647abb20e7b8: Atlas calls every nonce stale/);
		expect(sent).toHaveLength(4);
	});

	test("about a role is returned at once", async () => {
		const { send, sent } = scripted(newDigest(), [
			challenge("a"),
			OK,
			reply(401, {}, { errorCode: "USER_UNAUTHORIZED" }),
		]);
		await send(POST);

		expect((await send(POST)).status).toBe(401);
		expect(sent).toHaveLength(3);
	});

	test("to an old nonce leaves a newer one in use", async () => {
		const late = Promise.withResolvers<ReturnType<typeof reply>>();
		const { send, sent } = scripted(newDigest(), [
			challenge("a"),
			OK,
			late.promise,
			REFUSED,
			challenge("b"),
			OK,
			OK,
			OK,
		]);
		await send(POST);
		const slow = send(POST);
		await send(POST);
		late.resolve(challenge("c", true));
		await slow;
		await send(POST);

		expect(lines(sent)).toEqual([
			...["GET - NaN", "POST a 1", "POST a 2", "POST a 3", "GET - NaN", "POST b 1"],
			...["POST c 1", "POST c 2"],
		]);
	});

	test("without a challenge to an old nonce does not drop a newer one", async () => {
		const late = Promise.withResolvers<ReturnType<typeof reply>>();
		const { send, sent } = scripted(newDigest(), [
			challenge("a"),
			OK,
			late.promise,
			challenge("b", true),
			OK,
			reply(500),
			OK,
		]);
		await send(POST);
		const slow = send(POST).catch(() => {});
		await send(POST);
		late.resolve(REFUSED);
		await slow;
		await send(POST);

		expect(lines(sent).at(-1)).toBe("POST b 2");
	});
});

describe("after a server refused a count out of order", () => {
	/** Sends one call, and one whose count is refused; then two at once, the first of which waits for `held`. */
	async function twoAtOnce(stale: boolean, held: Promise<ReturnType<typeof reply>>) {
		const { send, sent } = scripted(newDigest(), [challenge("a"), OK, challenge("b", stale), OK, held, OK, OK]);
		await send(POST);
		await send(POST);
		const both = [send(POST), send(POST)];
		await new Promise(setImmediate);
		return { lines: () => lines(sent).slice(4), both, send };
	}

	test("requests are sent one at a time, with the nonce that was answered", async () => {
		const held = Promise.withResolvers<ReturnType<typeof reply>>();
		const after = await twoAtOnce(false, held.promise);

		expect(after.lines()).toEqual(["POST b 2"]);
		held.resolve(OK);
		await Promise.all(after.both);
		expect(after.lines()).toEqual(["POST b 2", "POST b 3"]);
	});

	test("a request that fails lets the next one go", async () => {
		const held = Promise.withResolvers<ReturnType<typeof reply>>();
		const after = await twoAtOnce(false, held.promise);
		held.reject(closed());

		expect((await Promise.allSettled(after.both)).map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
	});

	test("requests go on side by side where it had only called the nonce stale", async () => {
		const held = Promise.withResolvers<ReturnType<typeof reply>>();
		const after = await twoAtOnce(true, held.promise);

		expect(after.lines()).toEqual(["POST b 2", "POST b 3"]);
		held.resolve(OK);
		await Promise.all(after.both);
	});
});
