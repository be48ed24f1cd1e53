import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
/** Self-signed, for 127.0.0.1. */
const CERTIFICATE = fileOf("fixtures/loopback.crt.pem");

let requests = 0;
let server: ReturnType<typeof createServer>;
beforeAll(async () => {
	const [cert, key] = await Promise.all([readFile(CERTIFICATE), readFile(fileOf("fixtures/loopback.key.pem"))]);
	server = createServer({ cert, key }, (_request, response) => {
		requests += 1;
		response.writeHead(503).end("{}");
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
});
beforeEach(() => {
	requests = 0;
});
afterAll(() => void server.close());

/** In a process of its own, since Node reads these variables when it starts. */
async function takeSnapshot(env: NodeJS.ProcessEnv, ...flags: readonly string[]): Promise<string> {
	const { port } = server.address() as AddressInfo;
	const args = [...flags, "--no-warnings", fileOf("children/take-snapshot.ts"), `https://127.0.0.1:${port}`];
	const { stdout } = await promisify(execFile)(process.execPath, args, { env: { PATH: process.env["PATH"], ...env } });
	return stdout;
}

test.each([
	["without settings", {}],
	["that turns verification off", { NODE_TLS_REJECT_UNAUTHORIZED: "0" }],
	["that names a file without the flag for it", { SSL_CERT_FILE: CERTIFICATE }],
])("promise 7: in an environment %s, nothing is sent over an untrusted connection", async (_, env) => {
	expect(await takeSnapshot(env)).toMatch(
		/^ATLAS_UNREACHABLE: .*\(DEPTH_ZERO_SELF_SIGNED_CERT\).*certificate is not trusted/,
	);
	expect(requests).toBe(0);
});

test.each([
	["NODE_EXTRA_CA_CERTS", []],
	["SSL_CERT_FILE", ["--use-openssl-ca"]],
])("a certificate named by %s is trusted, as Node documents", async (name, flags) => {
	expect(await takeSnapshot({ [name]: CERTIFICATE }, ...flags)).toMatch(/^ATLAS_FAULT: .*\(503\)/);
	expect(requests).toBe(1);
});
