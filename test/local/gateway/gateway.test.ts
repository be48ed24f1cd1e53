import { afterEach, expect, test } from "vitest";
import { type GatewayOptions, serveGateway } from "../../../local/gateway/server.ts";

let close: (() => Promise<void>) | undefined;
afterEach(() => close?.());

async function serve(gateway: Partial<GatewayOptions> = {}) {
	const events: Record<string, unknown>[] = [];
	const served = await serveGateway({
		port: 0,
		invoke: async (event) => {
			events.push(event as Record<string, unknown>);
			return { returned: { statusCode: 202, headers: { Location: "/snapshots/x" }, body: "{}" } };
		},
		...gateway,
	});
	close = () => served.close();
	return { url: served.url, events };
}

test("a request becomes an event of payload version 2.0, and the function's reply the answer", async () => {
	const { url, events } = await serve();
	const reply = await fetch(`${url}/snapshots?a=1&a=2&b=`, {
		method: "POST",
		headers: { "Content-Type": "application/json", "Idempotency-Key": "k" },
		body: '{"clusters":"all"}',
	});

	expect([reply.status, reply.headers.get("location"), await reply.text()]).toEqual([202, "/snapshots/x", "{}"]);
	expect(events).toMatchObject([
		{
			version: "2.0",
			rawPath: "/snapshots",
			rawQueryString: "a=1&a=2&b=",
			queryStringParameters: { a: "1,2", b: "" },
			headers: { "content-type": "application/json", "idempotency-key": "k" },
			requestContext: { stage: "$default", http: { method: "POST", path: "/snapshots", sourceIp: "127.0.0.1" } },
			body: '{"clusters":"all"}',
			isBase64Encoded: false,
		},
	]);
});

test("a body that is not text is handed over in base64, byte for byte", async () => {
	const { url, events } = await serve();
	const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
	await fetch(url, { method: "PUT", headers: { "content-type": "application/octet-stream" }, body: bytes });

	expect(events[0]).toMatchObject({ isBase64Encoded: true, body: Buffer.from(bytes).toString("base64") });
});

test("a function that throws is answered by 500, and its error stays inside", async () => {
	const { url } = await serve({ invoke: async () => ({ error: new Error("secret") }) });
	const reply = await fetch(url);

	expect([reply.status, await reply.json()]).toEqual([500, { message: "Internal Server Error" }]);
});

test("a request that is not authorized is forbidden, and never reaches the function", async () => {
	const { url, events } = await serve({ authorize: () => false });
	const reply = await fetch(url);

	expect([reply.status, await reply.json(), events]).toEqual([403, { message: "Forbidden" }, []]);
});

test("a port that is in use is told", async () => {
	const { url } = await serve();

	await expect(
		serveGateway({ port: Number(new URL(url).port), invoke: async () => ({ error: 0 }) }),
	).rejects.toMatchObject({
		code: "EADDRINUSE",
	});
});
