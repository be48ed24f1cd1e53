import { text } from "node:stream/consumers";
import { inspect } from "node:util";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { describe, expect, test } from "vitest";
import { createSecretReader } from "../../lambda/aws/secret-reader.ts";
import { ServiceError } from "../../lambda/domain/errors.ts";
import { startServer } from "../harness/loopback.ts";

const keys = (privateKey: string) => JSON.stringify({ publicKey: "abcdefgh", privateKey });

/** A Secrets Manager on loopback, called by the real SDK; its reply can be changed. */
async function startSecretsManager() {
	const state = { status: 200, body: {} as unknown, requests: [] as unknown[] };
	const server = await startServer(async (request, response) => {
		state.requests.push([request.headers["x-amz-target"], JSON.parse(await text(request))]);
		response.writeHead(state.status, { "content-type": "application/x-amz-json-1.1" });
		response.end(typeof state.body === "string" ? state.body : JSON.stringify(state.body));
	});
	const client = new SecretsManagerClient({
		endpoint: server.url,
		region: "eu-central-1",
		credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "example" },
		maxAttempts: 1,
	});
	const clock = { now: 1_000_000 };
	const warnings: string[] = [];
	const warn = (warning: string) => void warnings.push(warning);
	return {
		state,
		clock,
		warnings,
		read: createSecretReader(client, "atlas/keys", () => clock.now, warn),
		async [Symbol.asyncDispose]() {
			client.destroy();
			await server[Symbol.asyncDispose]();
		},
	};
}

async function failureOf(work: Promise<unknown>): Promise<ServiceError> {
	const error: unknown = await work.then(
		() => undefined,
		(reason: unknown) => reason,
	);
	if (error instanceof ServiceError) return error;
	throw new Error("the secret was read, or another error was thrown", { cause: error });
}

describe("reading the secret", () => {
	test("requests it once for fifty concurrent callers, and caches it for five minutes", async () => {
		await using aws = await startSecretsManager();
		aws.state.body = { SecretString: keys("one") };

		const [first, ...others] = await Promise.all(Array.from({ length: 50 }, () => aws.read()));
		aws.clock.now += 299_999;

		expect(first).toEqual({ kind: "api-key", publicKey: "abcdefgh", privateKey: "one" });
		expect([...others, await aws.read()].every((credentials) => credentials === first)).toBe(true);
		expect(aws.state.requests).toEqual([["secretsmanager.GetSecretValue", { SecretId: "atlas/keys" }]]);
	});

	test("requests it again after five minutes, and if the clock was set back", async () => {
		await using aws = await startSecretsManager();
		for (const [n, milliseconds] of [0, 300_000, -1].entries()) {
			aws.state.body = { SecretString: keys(`key-${n}`) };
			aws.clock.now += milliseconds;
			expect(await aws.read()).toMatchObject({ privateKey: `key-${n}` });
		}

		expect(aws.state.requests).toHaveLength(3);
	});

	test("requests it once for all callers whose keys were refused, and not again for later ones", async () => {
		await using aws = await startSecretsManager();
		aws.state.body = { SecretString: keys("old") };
		const old = await aws.read();
		aws.state.body = { SecretString: keys("new") };

		const fresh = await Promise.all(Array.from({ length: 20 }, () => aws.read(old)));
		const late = await aws.read(old);

		expect(new Set([...fresh, late]).size).toBe(1);
		expect(late).toMatchObject({ privateKey: "new" });
		expect(aws.state.requests).toHaveLength(2);
	});

	test("reads a binary secret", async () => {
		await using aws = await startSecretsManager();
		aws.state.body = { SecretBinary: Buffer.from(keys("binary")).toString("base64") };

		expect(await aws.read()).toMatchObject({ privateKey: "binary" });
	});

	test("warns about the shape once per read", async () => {
		await using aws = await startSecretsManager();
		aws.state.body = {
			SecretString: JSON.stringify({ clientId: "a", clientSecret: "b", publicKey: "c", privateKey: "d" }),
		};

		await aws.read();
		await aws.read();

		expect(aws.warnings).toHaveLength(1);
	});
});

describe("a secret that can't be read", () => {
	test.each([
		["ResourceNotFoundException", 400, false],
		["AccessDeniedException", 400, false],
		["DecryptionFailure", 400, false],
		["InvalidRequestException", 400, false],
		["ThrottlingException", 400, true],
		["InternalServiceError", 500, true],
	] as const)("because of %s (%i) is an error with advice; transient: %s", async (name, status, transient) => {
		await using aws = await startSecretsManager();
		aws.state.status = status;
		aws.state.body = { __type: name, message: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:c0ffee" };

		const error = await failureOf(aws.read());

		expect(error).toMatchObject({ name: "SECRET_UNREADABLE", transient });
		expect(error.message).toMatch(/^secret atlas\/keys: .{20}/);
		expect(error.message).toContain(name);
		expect(inspect(error, { depth: 20, showHidden: true })).not.toContain("c0ffee");
	});

	test("because its reply is malformed is an error that quotes nothing", async () => {
		await using aws = await startSecretsManager();
		aws.state.body = '{"SecretString": "c0ffee';

		const error = await failureOf(aws.read());

		expect(error).toMatchObject({ name: "SECRET_UNREADABLE", transient: true });
		expect(inspect(error, { depth: 20, showHidden: true })).not.toContain("c0ffee");
	});

	test("because AWS is unreachable is a transient error", async () => {
		await using aws = await startSecretsManager();
		await aws[Symbol.asyncDispose]();

		expect(await failureOf(aws.read())).toMatchObject({ name: "SECRET_UNREADABLE", transient: true });
	});

	test("is requested again by the next caller", async () => {
		await using aws = await startSecretsManager();
		aws.state.status = 500;
		await failureOf(aws.read());
		aws.state.status = 200;
		aws.state.body = { SecretString: keys("later") };

		expect(await aws.read()).toMatchObject({ privateKey: "later" });
	});

	test("because of its shape is invalid, not unreadable", async () => {
		await using aws = await startSecretsManager();
		aws.state.body = { SecretString: "{}" };

		expect(await failureOf(aws.read())).toMatchObject({ name: "SECRET_INVALID", transient: false });
	});
});
