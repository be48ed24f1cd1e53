import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FakeAws, startFakeAws } from "../../local/aws/index.ts";
import { serveGateway } from "../../local/gateway/server.ts";
import type { LoopbackServer } from "../../local/loopback.ts";

/** What came through to the function, or to a fake service. */
const events: unknown[] = [];
let gateway: LoopbackServer;
let aws: FakeAws;

beforeAll(async () => {
	gateway = await serveGateway({
		port: 0,
		invoke: async (event) => {
			events.push(event);
			return { returned: { statusCode: 202, body: "{}" } };
		},
	});
	aws = await startFakeAws({
		secrets: { atlas: "the keys" },
		snapshotHandler: () => Promise.reject(new Error("no run is started here")),
	});
});
afterAll(async () => {
	await gateway.close();
	await aws.close();
});

interface Sent {
	readonly method?: string;
	readonly path?: string;
	/** A list is sent as so many fields. */
	readonly headers?: Readonly<Record<string, string | string[]>>;
	readonly body?: string;
}

async function send(url: string, { method = "POST", path = "/snapshots", headers = {}, body = "{}" }: Sent) {
	const { port } = new URL(url);
	const request = httpRequest({ host: "127.0.0.1", port, method, path, headers });
	request.end(method === "GET" || method === "OPTIONS" ? undefined : body);
	const [response] = await new Promise<[import("node:http").IncomingMessage]>((resolve, reject) => {
		request.once("response", (incoming) => resolve([incoming]));
		request.once("error", reject);
	});
	const cors = Object.keys(response.headers).filter((name) => name.startsWith("access-control-"));
	return { status: response.statusCode, body: await text(response), cors };
}

const JSON_TYPE = { "content-type": "application/json" };
const hostOf = (url: string) => new URL(url).host;
const TARGET = { "x-amz-target": "secretsmanager.GetSecretValue" };

/** What a page in a browser on this machine, or a name that was pointed at it, makes the browser send. */
const attacks: readonly [what: string, status: number, sent: (url: string) => Sent][] = [
	["a foreign Host", 403, () => ({ headers: { ...JSON_TYPE, host: "evil.example" } })],
	[
		"a foreign Host at our port",
		403,
		(url) => ({ headers: { ...JSON_TYPE, host: `evil.example:${new URL(url).port}` } }),
	],
	["a name that begins like ours", 403, (url) => ({ headers: { ...JSON_TYPE, host: `${hostOf(url)}.evil.example` } })],
	[
		"a name that ends like ours",
		403,
		(url) => ({ headers: { ...JSON_TYPE, host: `evil.localhost:${new URL(url).port}` } }),
	],
	["a user's name before the Host", 403, (url) => ({ headers: { ...JSON_TYPE, host: `evil@${hostOf(url)}` } })],
	["another port in the Host", 403, () => ({ headers: { ...JSON_TYPE, host: "127.0.0.1:1" } })],
	["a foreign Host and no body", 403, () => ({ method: "GET", headers: { host: "evil.example" } })],
	["a foreign Origin", 403, () => ({ headers: { ...JSON_TYPE, origin: "https://evil.example" } })],
	["a foreign Origin on loopback", 403, () => ({ headers: { ...JSON_TYPE, origin: "http://127.0.0.1:3000" } })],
	["our Origin over TLS", 403, (url) => ({ headers: { ...JSON_TYPE, origin: url.replace("http:", "https:") } })],
	["the Origin null", 403, () => ({ headers: { ...JSON_TYPE, origin: "null" } })],
	["an empty Origin", 403, () => ({ headers: { ...JSON_TYPE, origin: "" } })],
	["two Origins", 403, (url) => ({ headers: { ...JSON_TYPE, origin: [url, "https://evil.example"] } })],
	[
		"a foreign Origin and no JSON",
		403,
		() => ({ headers: { "content-type": "text/plain", origin: "https://evil.example" } }),
	],
	["the Origin null and no content type", 403, () => ({ headers: { origin: "null" } })],
	["a foreign Origin that reads", 403, () => ({ method: "GET", headers: { origin: "https://evil.example" } })],
	[
		"a CORS preflight",
		403,
		() => ({
			method: "OPTIONS",
			headers: {
				origin: "https://evil.example",
				"access-control-request-method": "POST",
				"access-control-request-headers": "content-type,authorization,x-amz-target",
				"access-control-request-private-network": "true",
			},
		}),
	],
	["no content type", 415, () => ({})],
	["no content type and no body", 415, () => ({ body: "" })],
	["a form", 415, () => ({ headers: { "content-type": "application/x-www-form-urlencoded" } })],
	["a form of parts", 415, () => ({ headers: { "content-type": "multipart/form-data; boundary=x" } })],
	["plain text", 415, () => ({ headers: { "content-type": "text/plain" } })],
	["plain text that names JSON", 415, () => ({ headers: { "content-type": "text/plain; x=application/json" } })],
	["two content types", 415, () => ({ headers: { "content-type": ["text/plain", "application/json"] } })],
	["a type that begins like JSON", 415, () => ({ headers: { "content-type": "application/jsonp" } })],
];

describe.each([
	["the HTTP server", () => gateway.url],
	["the fake AWS services", () => aws.url],
])("%s", (_which, urlOf) => {
	test.each(attacks)("refuses %s with %i, and says nothing to a browser", async (_what, status, sent) => {
		events.length = 0;
		const url = urlOf();
		const attack = sent(url);
		const reply = await send(url, { ...attack, headers: { ...TARGET, ...attack.headers } });

		expect([reply.status, reply.cors, events]).toEqual([status, [], []]);
		expect(reply.body).not.toContain("the keys");
	});

	test.each([
		["no Host at all", (_url: string) => "POST /snapshots HTTP/1.0\r\ncontent-type: application/json\r\n\r\n"],
		[
			"a foreign Host before ours",
			(url: string) =>
				`POST /snapshots HTTP/1.1\r\nhost: evil.example\r\nhost: ${hostOf(url)}\r\ncontent-type: application/json\r\ncontent-length: 0\r\n\r\n`,
		],
		[
			"ours before a foreign Host",
			(url: string) =>
				`POST /snapshots HTTP/1.1\r\nhost: ${hostOf(url)}\r\nhost: evil.example\r\ncontent-type: application/json\r\ncontent-length: 0\r\n\r\n`,
		],
		[
			"a foreign server in the request target",
			(url: string) => `GET http://evil.example/snapshots HTTP/1.1\r\nhost: ${hostOf(url)}\r\n\r\n`,
		],
	])("refuses %s", async (_what, message) => {
		events.length = 0;
		const url = urlOf();
		const socket = connect(Number(new URL(url).port), "127.0.0.1");
		socket.write(message(url));
		const reply = await text(socket);

		expect(reply).toMatch(/^HTTP\/1\.1 40[03] /);
		expect(events).toEqual([]);
	});
});

test.each([
	["a plain JSON POST", {}],
	["one to localhost", { host: "localhost" }],
	["one with a charset", { "content-type": "application/JSON; charset=utf-8" }],
	["one with its own Origin", { origin: "http://127.0.0.1" }],
	["one to localhost with its own Origin", { host: "localhost", origin: "http://localhost" }],
])("%s from loopback reaches the function", async (_what, headers: Readonly<Record<string, string>>) => {
	events.length = 0;
	const { port } = new URL(gateway.url);
	const ported = Object.entries(headers).map(([name, value]) => [
		name,
		name === "content-type" ? value : `${value}:${port}`,
	]);
	const reply = await send(gateway.url, { headers: { ...JSON_TYPE, ...Object.fromEntries(ported) } });

	expect([reply.status, events.length]).toEqual([202, 1]);
});

test.each([
	[
		"GetSecretValue",
		{ path: "/", headers: { "content-type": "application/x-amz-json-1.1", ...TARGET }, body: '{"SecretId":"atlas"}' },
	],
	["GetSecretValue as plain JSON", { path: "/", headers: { ...JSON_TYPE, ...TARGET }, body: '{"SecretId":"atlas"}' }],
	[
		"Invoke",
		{
			path: "/2015-03-31/functions/snapshot:live/invocations",
			headers: { "content-type": "application/octet-stream", "x-amz-invocation-type": "Event" },
		},
	],
	["a list of runs", { method: "GET", path: "/2025-12-01/functions/snapshot%3Alive/durable-executions" }],
	["a path that no service knows", { method: "GET", path: "/" }],
	[
		"a signature that is none",
		{
			path: "/",
			headers: {
				"content-type": "application/x-amz-json-1.1",
				...TARGET,
				authorization: "AWS4-HMAC-SHA256 Credential=local",
			},
		},
	],
])("the fake AWS services refuse %s that is not signed", async (_what, sent) => {
	const reply = await send(aws.url, sent);

	expect([reply.status, aws.runs]).toEqual([403, []]);
	expect(JSON.parse(reply.body)).toMatchObject({ __type: "InvalidSignatureException" });
});
