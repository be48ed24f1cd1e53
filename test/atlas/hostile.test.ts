import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ObservedRequest } from "../../lambda/atlas/client.ts";
import { createKnownSecrets } from "../../lambda/atlas/layers/known-secrets.ts";
import type { Fault } from "../../local/atlas/index.ts";
import { faultOf, REQUEST, SCHEMES, startAtlasClient } from "../harness/atlas-client.ts";

type Action = Fault["do"];

const inForm = (form: BufferEncoding) => (text: string) => Buffer.from(text).toString(form);
/** A secret in a longer text, as if a proxy quoted a whole request. */
const within = (before: number, form: BufferEncoding) => (secret: string) =>
	inForm(form)(`${"k".repeat(before)}${secret}; and more`);
const inHex = inForm("hex");

/** How a proxy may encode what it received. */
const ECHOES: readonly [form: string, write: (secret: string) => string][] = [
	["as it is", (secret) => secret],
	["in capitals", (secret) => secret.toUpperCase()],
	...(["base64", "base64url", "hex"] as const).flatMap((form) => [
		[`in ${form}`, inForm(form)] as [string, (secret: string) => string],
		...[0, 1, 2, 3].map((before): [string, (secret: string) => string] => [
			`in ${form} after ${before} bytes`,
			within(before, form),
		]),
	]),
	["in pieces of base64", (secret) => within(7, "base64")(secret).replace(/.{20}/g, "$& ")],
	["in hexadecimal capitals", (secret) => inHex(secret).toUpperCase()],
	["in spaced hexadecimal digits", (secret) => inHex(secret).replace(/../g, "$& ")],
	["in hexadecimal numbers", (secret) => inHex(secret).replace(/../g, "0x$&,")],
	["in percents", (secret) => inHex(secret).replace(/../g, "%$&")],
	["in base64 in percents", (secret) => encodeURIComponent(within(1, "base64")(`${secret}???>>>`))],
];

describe.each(SCHEMES)("promise 7, over %s: whatever Atlas echoes", (scheme) => {
	test.each(ECHOES)("the secret %s is removed from every reply", async (_form, write) => {
		const observed: ObservedRequest[] = [];
		const secret = "mdb_sa_sk_Zm9vYmFyYmF6cXV4cXV1eA-K3y_0f_the_test";
		const echo = write(secret);
		await using r = await startAtlasClient(
			scheme,
			{ credentials: { privateKey: secret, clientSecret: secret }, projects: [{ clusters: ["a", "b"] }] },
			{ onReply: (request) => observed.push(request) },
		);
		const seen: unknown[] = [];
		const keep = (error: unknown) => seen.push(inspect(error, { depth: 20, showHidden: true }));
		const calls = async () => {
			for (const call of [
				() => r.atlas.takeSnapshot(r.target, REQUEST),
				() => r.atlas.takeSnapshot(r.target, { ...REQUEST, retentionInDays: -1 }),
				() => r.atlas.listSnapshots(r.target),
				() => r.atlas.readSnapshot(r.target, "0".repeat(24)),
				() => r.atlas.listClusters(r.target.projectId),
			])
				await call().then((value) => seen.push(JSON.stringify(value)), keep);
		};
		r.simulator.faults.add({ on: { kind: "any", times: "always" }, do: { type: "echo", value: echo } });
		await calls();
		r.simulator.state.roles = [];
		await calls();

		expect(seen).toHaveLength(10);
		expect(`${seen.join("\n")}${JSON.stringify(observed)}`.toLowerCase()).not.toContain(echo.toLowerCase());
	});

	test("the secret is removed from every reply, however many came before", async () => {
		const secret = "mdb_sa_sk_0f_the_test_that_reads_often";
		await using r = await startAtlasClient(scheme, { credentials: { privateKey: secret, clientSecret: secret } });
		const { id } = await r.atlas.takeSnapshot(r.target, REQUEST);
		r.simulator.faults.add({ on: { kind: "any", times: "always" }, do: { type: "echo", value: secret } });
		const snapshots: string[] = [];
		for (let count = 0; count < 320; count++) snapshots.push(JSON.stringify(await r.atlas.readSnapshot(r.target, id)));

		expect(snapshots.filter((text) => text.includes(secret))).toEqual([]);
	});

	test.each([
		["an unknown field 20,000 deep", { type: "grow", depth: 20_000 }],
		["5 MB in an unknown field", { type: "grow", bytes: 5_000_000 }],
		["interim replies before the reply", { type: "interim", times: 200 }],
	] as const)("a reply with %s is read like any other", async (_what, action) => {
		await using r = await startAtlasClient(scheme);
		r.simulator.faults.add({ on: { kind: "any", times: "always" }, do: action });

		const { id } = await r.atlas.takeSnapshot(r.target, REQUEST);

		expect((await r.atlas.readSnapshot(r.target, id)).id).toBe(id);
		expect(JSON.stringify(await r.atlas.listSnapshots(r.target))).not.toContain("unknownField");
	});
});

test("a reply about another snapshot than the requested one is unreadable", async () => {
	await using r = await startAtlasClient("digest");
	const body = JSON.stringify({ id: "a".repeat(24), status: "completed" });
	const { id } = await r.atlas.takeSnapshot(r.target, REQUEST);
	r.simulator.faults.add({ on: { kind: "get" }, do: { type: "body", value: body } });

	expect(await faultOf(r.atlas.readSnapshot(r.target, id))).toMatchObject({ code: "ATLAS_UNREADABLE" });
});

test.each([
	["400,000 items in a page", `{"results":[${"{},".repeat(399_999)}{}]}`],
	[
		"one item too many",
		JSON.stringify({ results: Array.from({ length: 501 }, () => ({ id: "a".repeat(24), status: "x" })) }),
	],
])("a list with %s is unreadable", async (_what, value) => {
	await using r = await startAtlasClient("oauth");
	r.simulator.faults.add({ on: { kind: "list", times: "always" }, do: { type: "body", value } });

	expect(await faultOf(r.atlas.listSnapshots(r.target))).toMatchObject({ code: "ATLAS_UNREADABLE" });
});

test("a list of endless pages ends at 20,000 entries", async () => {
	await using r = await startAtlasClient("oauth");
	const results = Array.from({ length: 500 }, (_, i) => ({ id: String(i).padStart(24, "0"), status: "completed" }));
	const value = JSON.stringify({ results, links: [{ rel: "next" }] });
	r.simulator.faults.add({ on: { kind: "list", times: "always" }, do: { type: "body", value } });

	expect(await faultOf(r.atlas.listSnapshots(r.target))).toMatchObject({ code: "ATLAS_UNREADABLE" });
	expect(r.simulator.log.filter(({ kind }) => kind === "list")).toHaveLength(41);
});

describe("a server that refuses counts out of order", () => {
	test("gets one request at a time, and no key counts as refused", async () => {
		await using r = await startAtlasClient("digest", { settings: { nonceCountsRise: true } });

		for (let wave = 0; wave < 3; wave++)
			await Promise.all(Array.from({ length: 20 }, () => r.atlas.readCluster(r.target)));

		expect(r.reads.count).toBe(0);
	});
});

describe("promise 1: a POST that was sent may have been carried out", () => {
	const refusals = [401, 403, 405, 429, 400, 404, 409, 500, 503].flatMap((status) =>
		[true, false].map((executed) => ({ type: "status", status, executed }) as const),
	);
	const actions: readonly (Action | "none")[] = [
		"none",
		...refusals,
		{ type: "drop", when: "before" },
		{ type: "drop", when: "after" },
		{ type: "html", status: 401, executed: true },
		{ type: "html", status: 200, executed: true },
		{ type: "repeat", answer: "second" },
		{ type: "cut", bytes: 10 },
	];

	test.each(SCHEMES)(
		"over %s, `executed` is “no” only if no copy was carried out",
		async (scheme) => {
			await using r = await startAtlasClient(scheme, { projects: [{ clusters: ["a"] }] });
			let failures = 0;
			let undone = 0;
			await fc.assert(
				fc.asyncProperty(
					fc.array(fc.constantFrom(...actions), { maxLength: 4 }),
					fc.array(fc.constantFrom(...actions), { maxLength: 2 }),
					fc.constantFrom("nothing", "cold", "nonces", "keys"),
					async (takes, others, ended) => {
						r.simulator.state.advance(3600);
						if (ended !== "cold") await r.atlas.readCluster(r.target).catch(() => undefined);
						if (ended === "nonces") r.simulator.state.credentials.tokens.clear();
						if (ended === "keys") {
							r.simulator.state.rotateKeys();
							r.simulator.state.retireOldKeys();
						}
						const script = { take: [...takes], other: [...others] };
						r.simulator.faults.actionsFor = (kind) => {
							const next = (kind === "take" ? script.take : script.other).shift() ?? "none";
							return next === "none" ? [] : ([next] as ReturnType<typeof r.simulator.faults.actionsFor>);
						};
						const before = r.simulator.log.length;
						const error = await r.atlas.takeSnapshot(r.target, REQUEST).then(
							() => undefined,
							(reason: { executed?: string }) => reason,
						);
						r.simulator.faults.actionsFor = () => [];
						const carriedOut = r.simulator.log
							.slice(before)
							.some(({ operation, executed }) => operation === "take" && executed);
						if (error) failures += 1;
						if (error?.executed === "no") undone += 1;
						expect(error?.executed === "no" && carriedOut).toBe(false);
					},
				),
				{ numRuns: 300 },
			);
			expect(failures).toBeGreaterThan(100);
			expect(undone).toBeGreaterThan(0);
		},
		30_000,
	);
});

test.each(SCHEMES)("promise 7, over %s: the key and the credentials of 400 requests are removed", async (scheme) => {
	const secret = "mdb_sa_sk_0f_a_test_with_many_requests";
	const clusters = Array.from({ length: 400 }, (_, index) => ({ name: `c${index}` }));
	const credentials = { privateKey: secret, clientSecret: secret };
	await using r = await startAtlasClient(scheme, { credentials, projects: [{ clusters }] }, { wait: async () => {} });
	/** Credentials of the requests, in their order. */
	const sent: string[] = [];
	r.simulator.faults.actionsFor = (_kind, _cluster, exchange) => {
		const { authorization = "" } = exchange?.headers ?? {};
		const proof = /response="([^"]+)"/.exec(authorization)?.[1] ?? authorization.slice(7);
		if (proof !== "") sent.push(proof);
		// Credentials of the first requests, alternating with the key.
		return [{ type: "echo", value: (sent.length % 2 > 0 ? sent[sent.length % 20] : undefined) ?? secret }];
	};

	const results = await Promise.allSettled(r.targets.map((target) => r.atlas.takeSnapshot(target, REQUEST)));

	const text = inspect(results, { depth: 20, maxArrayLength: null });
	expect(sent.length).toBeGreaterThanOrEqual(400);
	expect([secret, ...sent].filter((one) => text.includes(one))).toEqual([]);
});

test("the key is always known, and the newest 5000 credentials that were sent", () => {
	const known = createKnownSecrets();
	const proofs = Array.from({ length: 20_000 }, (_, index) => `proof-${index}-${"x".repeat(24)}`);
	known.addKey("the key of the account");
	for (const proof of proofs) known.addSent(proof);

	for (const [form, write] of ECHOES) {
		expect(known.isIn(write("the key of the account")), form).toBe(true);
		expect(known.isIn(write(proofs.at(-5000) ?? "")), form).toBe(true);
		expect(known.isIn(write("another key of the account")), form).toBe(false);
	}
	expect(known.isIn(proofs[0] ?? "")).toBe(false);
});
