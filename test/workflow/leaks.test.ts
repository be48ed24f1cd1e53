import { randomBytes, randomUUID } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createSecretReader } from "../../lambda/aws/secret-reader.ts";
import { signWebhook } from "../../lambda/triggers/http/webhook-signature.ts";
import { takeSnapshot } from "../../local/atlas/index.ts";
import { FUNCTION_ARN } from "../../local/aws/protocol.ts";
import { createSecretSearch, type SecretSearch } from "../../local/faults/secret-search.ts";
import { toGatewayEvent } from "../../local/gateway/event.ts";
import { type Harness, startHarness } from "../harness/harness.ts";
import { createMailer } from "../infra/mail.ts";

type Handler = (event: unknown, context: unknown) => Promise<unknown>;

const mail = createMailer();
let harness: Harness;
let canaries: SecretSearch;
/** Everything that can be seen from outside. */
let seen: string[];

const hear = (message: unknown) => {
	const { authorization } = (message as { request: IncomingMessage }).request.headers;
	if (authorization !== undefined && !authorization.startsWith("AWS4-")) canaries.addHeader(authorization);
};

beforeEach(() => {
	canaries = createSecretSearch();
	seen = [];
	subscribe("http.server.request.start", hear);
	for (const stream of [process.stdout, process.stderr]) {
		vi.spyOn(stream, "write").mockImplementation((chunk) => {
			seen.push(Buffer.from(chunk).toString());
			return true;
		});
	}
	for (const level of ["debug", "info", "log", "warn", "error"] as const) {
		vi.spyOn(console, level).mockImplementation((...told) => void seen.push(told.map((one) => inspect(one)).join(" ")));
	}
});

afterEach(async () => {
	unsubscribe("http.server.request.start", hear);
	await harness[Symbol.asyncDispose]();
});

/** Carries out a request and keeps everything that it leaves behind. */
async function carryOut(request: Record<string, unknown>) {
	canaries.addKeysOf(harness.atlas.state);
	const ended = await harness.runRequest(request);
	canaries.addKeysOf(harness.atlas.state);
	seen.push(JSON.stringify(ended), inspect(ended, { depth: 20 }), JSON.stringify(harness.published()));
	seen.push(...harness.aws.events.map(mail));
	return ended.result.targets.map(({ state, reason }) => reason?.code ?? state);
}

const found = () => canaries.search(seen.join("\n"));

describe.each(["digest", "oauth"] as const)("promise 7: no secret gets out, over %s", (auth) => {
	const keysOf = ({ publicKey, privateKey, clientId, clientSecret }: Harness["atlas"]) =>
		auth === "digest" ? { publicKey, privateKey } : { clientId, clientSecret };
	const putKeys = (keys: object) => harness.aws.secrets.put("atlas-keys", JSON.stringify(keys));

	test("of a run that takes, loses replies, meets conflicts and is refused", async () => {
		harness = await startHarness({ auth });
		const { state, projectId, faults } = harness.atlas;
		faults.add({ on: { kind: "take", nth: 1 }, do: { type: "drop", when: "after" } });
		faults.add({ on: { kind: "get", nth: 2 }, do: { type: "html", status: 502 } });
		faults.add({ on: { kind: "get", nth: 3 }, do: { type: "status", status: 500 } });
		takeSnapshot(state, state.cluster(projectId, "prod-b"), { description: "by hand", retentionInDays: 1 });

		const codes = await carryOut({
			clusters: ["prod-a", "prod-b", "events", "nowhere", "archive", "sandbox"],
			onConflict: "fail",
		});

		expect(codes).toContain("COMPLETED");
		expect(codes).toContain("UNFINISHED_ON_DEMAND_SNAPSHOT");
		expect(codes).toContain("CLUSTER_NOT_FOUND");
		expect(seen.some((text) => text.startsWith('{"level":"INFO","message":"published"'))).toBe(true);
		expect(found()).toEqual([]);
	});

	test("of keys that are rotated while a run follows, nor of keys that Atlas refuses", async () => {
		harness = await startHarness({ auth });
		let published = 0;
		harness.aws.onEvent(() => {
			if (published++ > 0) return;
			canaries.addKeysOf(harness.atlas.state);
			harness.atlas.state.rotateKeys();
			harness.atlas.state.retireOldKeys();
			putKeys(keysOf(harness.atlas));
		});
		expect(await carryOut({ clusters: ["prod-a"] })).toEqual(["COMPLETED"]);

		const wrong = randomUUID();
		canaries.add("wrong key", wrong);
		putKeys(
			auth === "digest"
				? { publicKey: "abcdefgh", privateKey: wrong }
				: { ...keysOf(harness.atlas), clientSecret: wrong },
		);
		harness.atlas.state.retireOldKeys();
		harness.atlas.state.credentials.tokens.clear();
		// Kept for five minutes: by then the wrong ones are read.
		harness.atlas.state.rotateKeys();
		harness.atlas.state.retireOldKeys();
		const [code] = await carryOut({ clusters: ["prod-a"] });

		expect(code).not.toBe("COMPLETED");
		expect(found()).toEqual([]);
	});

	test("of a secret that is malformed", async () => {
		harness = await startHarness({ auth });
		const canary = randomUUID();
		canaries.add("malformed secret", canary);
		for (const text of [
			canary,
			JSON.stringify({ privatKey: canary }),
			JSON.stringify({ privateKey: { key: canary } }),
		]) {
			harness.aws.secrets.put("atlas-keys", text);

			expect(await carryOut({ clusters: ["prod-b"] })).toEqual(["SECRET_INVALID"]);

			const read = createSecretReader({ send: async () => ({ SecretString: text, $metadata: {} }) }, "atlas-keys");
			const error: unknown = await read().catch((thrown: unknown) => thrown);
			seen.push(inspect(error, { depth: 20, showHidden: true }), JSON.stringify(error), String(error));
		}
		expect(found()).toEqual([]);
	});
});

test("promise 7: no secret of a caller gets out of the HTTP face", async () => {
	harness = await startHarness();
	const key = randomBytes(24);
	const bearer = randomUUID();
	canaries.add("hook key", `whsec_${key.toString("base64")}`);
	canaries.add("hook key, decoded", key.toString("base64"));
	canaries.add("caller's token", bearer);
	harness.aws.secrets.put("hook-keys", `whsec_${key.toString("base64")}`);
	vi.stubEnv("SNAPSHOT_FUNCTION_ARN", FUNCTION_ARN);
	vi.stubEnv("WEBHOOK_SECRET_ID", "hook-keys");
	const path = "../../lambda/handlers/trigger.ts?leaks";
	const { handler } = (await import(path)) as { handler: Handler };
	const call = async (method: string, where: string, headers: Record<string, string>, body = "") => {
		const event = toGatewayEvent({
			method,
			path: where,
			headers: { "content-type": "application/json", authorization: `Bearer ${bearer}`, ...headers },
			body: Buffer.from(body),
		});
		const reply = await handler(event, { awsRequestId: randomUUID(), getRemainingTimeInMillis: () => 29_000 });
		seen.push(JSON.stringify(reply));
		return (reply as { statusCode: number }).statusCode;
	};
	const signed = (body: string, signWith = key) => {
		const id = randomUUID();
		const timestamp = String(Math.floor(Date.now() / 1000));
		const mac = signWebhook(signWith, id, timestamp, Buffer.from(body)).toString("base64");
		canaries.add("signature", mac);
		return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${mac}` };
	};
	const request = JSON.stringify({ projectId: harness.atlas.projectId, clusters: ["prod-a"] });

	expect(await call("POST", "/hooks/snapshots", signed(request), request)).toBe(202);
	expect(await call("POST", "/hooks/snapshots", signed(request, randomBytes(24)), request)).toBe(401);
	expect(await call("POST", "/snapshots", {}, `{"clusters": "${bearer}"`)).toBe(400);
	expect(
		await call("POST", "/snapshots", {}, JSON.stringify({ projectId: bearer, clusters: bearer })),
	).toBeGreaterThanOrEqual(400);
	expect(await call("GET", "/snapshots/http-0", {})).toBe(404);
	await harness.aws.runs[0]?.ended;
	expect(await call("GET", `/snapshots/${harness.aws.runs[0]?.name}`, {})).toBe(200);
	seen.push(JSON.stringify(harness.aws.runs[0]?.history()), JSON.stringify(harness.published()));

	expect(seen.some((text) => text.includes("request refused"))).toBe(true);
	expect(found()).toEqual([]);
});

test("a secret that does get out is found, in whatever form", async () => {
	harness = await startHarness();
	const { atlas } = harness;
	await carryOut({ clusters: ["prod-a"] });
	const { privateKey, publicKey } = atlas;

	for (const form of [
		privateKey,
		Buffer.from(privateKey).toString("base64"),
		Buffer.from(privateKey).toString("base64url"),
		Buffer.from(privateKey).toString("hex"),
	]) {
		expect(canaries.search(`{"told":"key ${form}"}`)).not.toEqual([]);
	}
	expect(canaries.search("headers: { authorization: 'Digest username=x' }")).not.toEqual([]);
	expect(canaries.search(publicKey)).toEqual([]);
	expect(found()).toEqual([]);
});
