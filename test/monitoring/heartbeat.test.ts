import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isAllowedHeartbeat } from "../../lambda/handlers/config.ts";
import { sendHeartbeat } from "../../lambda/monitoring/freshness.ts";

/** Someone outside who waits for pings; `answer` decides what it says. */
let server: Server;
let url: string;
let seen: { readonly line: string; readonly headers: readonly string[] }[];
let answer: {
	readonly status?: number;
	readonly location?: string;
	readonly silent?: boolean;
	readonly endless?: boolean;
};

beforeEach(async () => {
	seen = [];
	answer = {};
	server = createServer(({ method, url: path, headers }, reply) => {
		seen.push({ line: `${method} ${path}`, headers: Object.keys(headers).toSorted() });
		if (answer.silent) return;
		reply.writeHead(answer.status ?? 200, answer.location === undefined ? {} : { location: answer.location });
		reply.write("OK");
		if (!answer.endless) reply.end();
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
	server.closeAllConnections();
	await new Promise((resolve) => server.close(resolve));
});

test.each([
	["/ping/s3cr3t", true, "GET /ping/s3cr3t"],
	["/ping/s3cr3t", false, "GET /ping/s3cr3t/fail"],
	["/ping/s3cr3t/", false, "GET /ping/s3cr3t/fail"],
	["/p?key=s3cr3t", true, "GET /p?key=s3cr3t"],
	["/p?key=s3cr3t", false, "GET /p/fail?key=s3cr3t"],
	["", false, "GET /fail"],
])("a ping of %s, all being well: %s, is %s, and tells nothing else", async (path, well, line) => {
	expect(await sendHeartbeat(`${url}${path}`, well)).toBeUndefined();
	expect(seen).toEqual([{ line, headers: ["connection", "host", "user-agent"] }]);
});

test("a redirect is not followed: the token goes nowhere else", async () => {
	answer = { status: 302, location: `${url}/elsewhere` };

	expect(await sendHeartbeat(`${url}/s3cr3t`, true)).toBe("status 302");
	expect(seen).toHaveLength(1);
});

test.each([[404], [500]])("a refusal with %i is a failure in so many words, not an error", async (status) => {
	answer = { status };

	expect(await sendHeartbeat(`${url}/s3cr3t`, true)).toBe(`status ${status}`);
});

test("whoever does not answer is waited for no longer than it is worth", async () => {
	answer = { silent: true };

	const failure = await sendHeartbeat(`${url}/s3cr3t`, true, 100);

	expect(failure).toMatch(/^\w+$/);
	expect(failure).not.toContain("s3cr3t");
});

test("a reply without an end holds nobody up", async () => {
	answer = { endless: true };

	expect(await sendHeartbeat(`${url}/s3cr3t`, true)).toBeUndefined();
});

test("nobody there is a failure that does not name the URL", async () => {
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
])("%s may be pinged: %s", (candidate, may) => {
	expect(isAllowedHeartbeat(candidate)).toBe(may);
});
