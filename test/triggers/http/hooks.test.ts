import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ServiceError } from "../../../lambda/domain/errors.ts";
import { createHookKeys, parseHookKeys } from "../../../lambda/triggers/http/hook-keys.ts";
import { bodyOf, CALLER, createTestRouter, keyText, NOW, REQUEST, runOf, signedHeaders } from "../../harness/router.ts";

const key = randomBytes(24);
const next = randomBytes(24);
const textOf = (...keys: readonly Buffer[]) => keys.map(keyText).join(" ");

const hook = (by: Buffer, { id = "msg_1", at = NOW, body = JSON.stringify(REQUEST), headers = {} } = {}) => ({
	path: "/hooks/snapshots",
	body,
	headers: { "content-type": "application/json", ...signedHeaders(by, id, body, at), ...headers },
});

describe("POST /hooks/snapshots", () => {
	test("accepts a signed request, and a second delivery is the same run", async () => {
		const api = createTestRouter({ secret: () => textOf(key) });

		const replies = [await api.send(hook(key)), await api.send(hook(key, { at: NOW + 60_000 }))];

		expect(replies.map(({ status }) => status)).toEqual([202, 202]);
		expect(api.started.map(({ run }) => run)).toEqual([runOf("msg_1", "hook:default"), runOf("msg_1", "hook:default")]);
	});

	test("names the run after the signed id only, so that a hook replayed with another key starts nothing", async () => {
		const api = createTestRouter({ secret: () => textOf(key) });

		await api.send(hook(key, { headers: { "idempotency-key": "other" } }));

		expect(api.started[0]?.run).toBe(runOf("msg_1", "hook:default"));
	});

	test("replies the same to every invalid signature, and starts nothing", async () => {
		const api = createTestRouter({ secret: () => textOf(key) });

		const replies = [
			await api.send(hook(next)),
			await api.send(hook(key, { at: NOW - 301_000 })),
			await api.send(hook(key, { at: NOW + 302_000 })),
			await api.send({ ...hook(key), body: "{}" }),
			await api.send(hook(key, { headers: { "webhook-id": "msg_2" } })),
			await api.send(hook(key, { headers: { "webhook-signature": "" } })),
			await api.send({ path: "/hooks/snapshots", headers: {}, body: REQUEST }),
		];

		const bodies = replies.map((reply) => ({ ...bodyOf(reply), instance: "" }));
		expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([401]));
		expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1);
		expect(api.started).toEqual([]);
	});

	test("refuses two ids in one hook, and gives the reason only to a signed one", async () => {
		const api = createTestRouter({ secret: () => textOf(key) });

		const replies = [await api.send(hook(key, { id: "a,b" })), await api.send(hook(next, { id: "a,b" }))];

		expect(replies.map(({ status }) => status)).toEqual([400, 401]);
		expect(bodyOf(replies[0]).detail).toBe("webhook-id must be sent once, and hold no comma");
		expect(api.started).toEqual([]);
	});

	test("does not describe a body that is not signed", async () => {
		const api = createTestRouter({ secret: () => textOf(key) });

		const replies = [await api.send({ ...hook(next), body: "{" }), await api.send(hook(key, { body: "{" }))];

		expect(replies.map(({ status }) => status)).toEqual([401, 400]);
	});

	test.each([[undefined], [""], [" "], ["{}"], ['{"github":[]}']])(
		"does not exist if the secret holds %j",
		async (secret) => {
			const api = createTestRouter({ secret: () => secret });

			const reply = await api.send(hook(key));
			expect(reply.status).toBe(404);
			expect(bodyOf(reply).detail).toContain("WEBHOOK_SECRETS of npm start");
			expect((await api.send({ ...hook(key), method: "GET" })).status).toBe(404);
		},
	);

	test("accepts POST only", async () => {
		const reply = await createTestRouter({ secret: () => textOf(key) }).send({
			method: "GET",
			path: "/hooks/snapshots",
		});

		expect(reply.status).toBe(405);
	});

	test("refuses every hook if the secret is malformed or unreadable", async () => {
		const malformed = createTestRouter({ secret: () => "whsec_!" });
		const unreadable = createTestRouter({
			secret() {
				throw new ServiceError("SECRET_UNREADABLE", "webhook secret: throttled", { transient: true });
			},
		});

		expect((await malformed.send(hook(key))).status).toBe(500);
		expect((await unreadable.send(hook(key))).status).toBe(503);
	});

	test("accepts a new key within ten seconds, and refuses a removed one within a minute, without a redeploy", async () => {
		const secret = { text: textOf(key) };
		const api = createTestRouter({ secret: () => secret.text });
		expect((await api.send(hook(key))).status).toBe(202);

		secret.text = textOf(key, next);
		api.time.now += 10_000;
		expect((await api.send(hook(next, { at: api.time.now }))).status).toBe(202);

		secret.text = textOf(next);
		api.time.now += 60_000;
		expect((await api.send(hook(key, { at: api.time.now }))).status).toBe(401);
		expect((await api.send(hook(next, { at: api.time.now }))).status).toBe(202);
	});

	test("the read that a wrong signature causes delays or fails no signed hook", async () => {
		for (const failingRead of [() => Promise.reject(new Error("throttled")), () => new Promise<never>(() => {})]) {
			let reads = 0;
			let now = NOW;
			const keys = createHookKeys(
				() => (reads++ === 0 ? Promise.resolve(textOf(key)) : failingRead()),
				() => now,
				() => {},
			);
			await keys.current();
			now += 20_000;
			const caused = keys.refresh().catch(() => "failed");

			expect((await keys.current()).map(({ caller }) => caller)).toEqual(["default"]);
			now += 34_999;
			expect(await keys.current()).toHaveLength(1);
			now += 1;
			const late = keys.current().then(
				() => "served",
				() => "rejected",
			);
			expect(await Promise.race([late, caused, new Promise((resolve) => setImmediate(resolve, "waits"))])).not.toBe(
				"served",
			);
		}
	});

	test("promise 9: a key's name is its caller, and no two callers share a run", async () => {
		const secret = JSON.stringify({ github: textOf(key), gitlab: [textOf(next)] });
		const api = createTestRouter({ secret: () => secret });

		await api.send(hook(key));
		await api.send(hook(next));
		await api.send({ body: REQUEST, headers: { "idempotency-key": "msg_1" } });
		await api.send({ body: REQUEST, headers: { "webhook-id": "msg_1" } });

		const callers = ["hook:github", "hook:gitlab", CALLER, CALLER];
		expect(api.started.map(({ requestedBy }) => requestedBy)).toEqual(callers);
		expect(api.logged.map(({ requestedBy }) => requestedBy)).toEqual(callers);
		expect(api.started.map(({ run }) => run)).toEqual([
			runOf("msg_1", "hook:github"),
			runOf("msg_1", "hook:gitlab"),
			runOf("msg_1"),
			runOf("msg_1"),
		]);
		expect(new Set(api.started.map(({ run }) => run)).size).toBe(3);
	});

	test("a malformed entry of the secret disables no other, and is logged by its number", async () => {
		const secret = JSON.stringify({ old: "whsec_c2hvcnQ=", github: ["x", textOf(key)], [textOf(next)]: textOf(next) });
		const api = createTestRouter({ secret: () => secret });

		expect((await api.send(hook(key))).status).toBe(202);
		expect((await api.send(hook(next))).status).toBe(401);
		expect(api.warnings[0]).toMatch(
			/^webhook secret: entry 1, 2, 4 is ignored; a key is whsec_<base64> of 24 to 64 bytes/,
		);
		expect(api.warnings.join()).not.toContain(next.toString("base64"));
	});

	test("a secret that can't be read is requested every ten seconds", async () => {
		const failing = { now: true };
		const api = createTestRouter({
			secret() {
				if (!failing.now) return textOf(key);
				throw new ServiceError("SECRET_UNREADABLE", "webhook secret: throttled", { transient: true });
			},
		});

		for (let i = 0; i < 50; i++) expect((await api.send(hook(key))).status).toBe(503);
		expect(api.secretReads.count).toBe(1);

		failing.now = false;
		api.time.now += 10_000;
		expect((await api.send(hook(key, { at: api.time.now }))).status).toBe(202);
	});

	test("reads the secret at most every ten seconds, however many signatures are wrong", async () => {
		const api = createTestRouter({ secret: () => textOf(key) });

		for (let i = 0; i < 50; i++) await api.send(hook(next));

		expect(api.secretReads.count).toBe(1);
	});
});

describe("the keys of hooks", () => {
	const ofCaller = (caller: string, ...keys: readonly Buffer[]) => keys.map((each) => ({ caller, key: each }));

	test("are read from text, or from JSON by caller", () => {
		const named = { github: textOf(key), gitlab: [textOf(key), textOf(next)] };

		expect(parseHookKeys(` ${textOf(key)}\n${textOf(next)} `).keys).toEqual(ofCaller("default", key, next));
		expect(parseHookKeys(JSON.stringify(named)).keys).toEqual([
			...ofCaller("github", key),
			...ofCaller("gitlab", key, next),
		]);
	});

	test("are those of both entries if a caller is named twice", () => {
		const [first, second] = [textOf(key), textOf(next)];
		const both = ofCaller("a", key, next);

		for (const text of [
			`{"a":"${first}","a":"${second}"}`,
			`\uFEFF\n{ "a" : ["${first}"], "\\u0061"\n:\t"${second}" }`,
			`{"a":["${first}","a"],"a":"${second}"}`,
			`{"a":{"a":"${second}","b":[{"a":"x"}]},"a":["${first}","${second}"]}`,
			`{"}\\"":1,"a":"${first}","{":["]"],"a":"${second}"}`,
		]) {
			expect(parseHookKeys(text).keys, text).toEqual(both);
		}
	});

	test.each([
		["a caller's key without quotes", () => `{"github": ${textOf(key)} }`],
		["a comma that is missing", () => `{"github": "${textOf(key)}" "gitlab": "${textOf(next)}"}`],
		["a brace that is missing", () => `{"github": "${textOf(key)}"`],
		["words in a list", () => `[ ${textOf(key)} ]`],
		["a list", () => `["${textOf(key)}"]`],
	])("are none if the JSON is invalid, so that no key counts for another caller: %s", async (_, text) => {
		const api = createTestRouter({ secret: text });

		const reply = await api.send(hook(key));

		expect([reply.status, api.started]).toEqual([500, []]);
		expect(api.logged[0]?.error).toMatchObject({
			name: "SECRET_INVALID",
			message: expect.stringMatching(/^webhook secret: must hold keys; .* no JSON object, though it begins with [[{]$/),
		});
		expect(JSON.stringify([reply, api.logged, api.warnings])).not.toContain(key.toString("base64"));
	});

	test.each(["x", '{"github":"x"}', '{"github":5}', "{", '{"github":["whsec_c2hvcnQ="]}', '["x"]', "5", '"x"'])(
		"are refused without quoting them if no entry is a key: %s",
		(text) => {
			expect(() => parseHookKeys(text)).toThrow(/^webhook secret: must hold keys; a key is whsec_<base64>[^=]*$/);
		},
	);

	test("are read once for concurrent callers", async () => {
		const reads = { count: 0 };
		const keys = createHookKeys(
			async () => {
				reads.count++;
				return textOf(key);
			},
			() => NOW,
			() => {},
		);

		expect(await Promise.all([keys.current(), keys.current(), keys.refresh()])).toEqual(
			Array.from({ length: 3 }, () => ofCaller("default", key)),
		);
		expect(reads.count).toBe(1);
	});
});
