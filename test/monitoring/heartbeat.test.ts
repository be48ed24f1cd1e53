import { afterEach, beforeEach, expect, test } from "vitest";
import { isAllowedHeartbeat } from "../../lambda/handlers/config.ts";
import { sendHeartbeat } from "../../lambda/monitoring/heartbeat.ts";
import { type LoopbackServer, startServer } from "../harness/loopback.ts";

/** The service that is pinged; `behaviour` decides how it replies. */
let server: LoopbackServer;
let received: { readonly line: string; readonly headers: readonly string[] }[];
let behaviour: { status?: number; location?: string; silent?: boolean; endless?: boolean };
const urlOf = (path = "/s3cr3t") => `${server.url}${path}`;

beforeEach(async () => {
	received = [];
	behaviour = {};
	server = await startServer(({ method, url, headers }, reply) => {
		received.push({ line: `${method} ${url}`, headers: Object.keys(headers).toSorted() });
		const { status = 200, location, silent, endless } = behaviour;
		if (silent) return;
		reply.writeHead(status, location === undefined ? {} : { location });
		reply.write("OK");
		if (!endless) reply.end();
	});
});
afterEach(() => server[Symbol.asyncDispose]());

test.each([
	["/ping/s3cr3t", true, "GET /ping/s3cr3t"],
	["/ping/s3cr3t", false, "GET /ping/s3cr3t/fail"],
	["/ping/s3cr3t/", false, "GET /ping/s3cr3t/fail"],
	["/p?key=s3cr3t", true, "GET /p?key=s3cr3t"],
	["/p?key=s3cr3t", false, "GET /p/fail?key=s3cr3t"],
	["", false, "GET /fail"],
])("a ping of %s with result %s is %s, and contains nothing else", async (path, well, line) => {
	expect(await sendHeartbeat(urlOf(path), well)).toBeUndefined();
	expect(received).toEqual([{ line, headers: ["connection", "host", "user-agent"] }]);
});

test("a redirect is not followed, so that the token is sent nowhere else", async () => {
	behaviour = { status: 302, location: urlOf("/elsewhere") };

	expect(await sendHeartbeat(urlOf(), true)).toBe("status 302");
	expect(received).toHaveLength(1);
});

test.each([[404], [500]])("a refusal with %i is returned, not thrown", async (status) => {
	behaviour = { status };

	expect(await sendHeartbeat(urlOf(), true)).toBe(`status ${status}`);
});

test("a ping without a reply ends after the timeout", async () => {
	behaviour = { silent: true };

	const failure = await sendHeartbeat(urlOf(), true, 100);

	expect(failure).toMatch(/^\w+$/);
	expect(failure).not.toContain("s3cr3t");
});

test("an endless reply is not waited for", async () => {
	behaviour = { endless: true };

	expect(await sendHeartbeat(urlOf(), true)).toBeUndefined();
});

test("a refused connection is returned without the URL", async () => {
	expect(await sendHeartbeat("http://127.0.0.1:1/s3cr3t", true)).toBe("ECONNREFUSED");
});

test.each([
	["https://hc-ping.com/4f1c", true],
	["https://cronitor.link/p/key/job?env=prod", true],
	["http://localhost:8080/a", true],
	["http://hc-ping.com/4f1c", false],
	["ftp://hc-ping.com/4f1c", false],
	["javascript:alert(1)", false],
	["https://user:pw@hc-ping.com/4f1c", false],
	["https://hc-ping.com/4f1c#part", false],
	["hc-ping.com", false],
])("%s is an allowed heartbeat URL: %s", (candidate, may) => {
	expect(isAllowedHeartbeat(candidate)).toBe(may);
});
