import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { describe, expect, test } from "vitest";
import { createSecretReader } from "../../lambda/aws/secret-reader.ts";
import { ServiceError } from "../../lambda/domain/errors.ts";

const keys = (privateKey: string) => JSON.stringify({ publicKey: "abcdefgh", privateKey });

/** A Secrets Manager on loopback, asked by the real SDK; what it answers can be changed. */
async function secretsManager() {
	const state = { status: 200, body: {} as unknown, asked: [] as unknown[] };
	const server = createServer((request, response) => {
		let text = "";
		request.on("data", (chunk: Buffer) => {
			text += chunk.toString();
		});
		request.on("end", () => {
			state.asked.push([request.headers["x-amz-target"], JSON.parse(text)]);
			response.writeHead(state.status, { "content-type": "application/x-amz-json-1.1" });
			response.end(typeof state.body === "string" ? state.body : JSON.stringify(state.body));
		});
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	const client = new SecretsManagerClient({
		endpoint: `http://127.0.0.1:${port}`,
		region: "eu-central-1",
		credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "example" },
		maxAttempts: 1,
	});
	const clock = { now: 1_000_000 };
	const warnings: string[] = [];
	return {
		state,
		clock,
		warnings,
		server,
		read: createSecretReader(
			client,
			"atlas/keys",
			() => clock.now,
			(warning) => warnings.push(warning),
		),
		async [Symbol.asyncDispose]() {
			client.destroy();
			server.close();
			server.closeAllConnections();
			if (server.listening) await once(server, "close");
		},
	};
}

async function failureOf(work: Promise<unknown>): Promise<ServiceError> {
	const error: unknown = await work.then(
		() => undefined,
		(reason: unknown) => reason,
	);
	if (error instanceof ServiceError) return error;
	throw new Error("the secret was read, or failed in another way", { cause: error });
}

describe("reading the secret", () => {
	test("asks once for fifty callers at once, and for five minutes after", async () => {
		await using aws = await secretsManager();
		aws.state.body = { SecretString: keys("one") };

		const [first, ...others] = await Promise.all(Array.from({ length: 50 }, () => aws.read()));
		aws.clock.now += 299_999;

		expect(first).toEqual({ kind: "api-key", publicKey: "abcdefgh", privateKey: "one" });
		expect([...others, await aws.read()].every((credentials) => credentials === first)).toBe(true);
		expect(aws.state.asked).toEqual([["secretsmanager.GetSecretValue", { SecretId: "atlas/keys" }]]);
	});

	test("asks again after five minutes, and when the clock was set back", async () => {
		await using aws = await secretsManager();
		const steps: (() => void)[] = [
			() => {},
			() => {
				aws.clock.now += 300_000;
			},
			() => {
				aws.clock.now -= 1;
			},
		];
		for (const [n, step] of steps.entries()) {
			aws.state.body = { SecretString: keys(`key-${n}`) };
			step();
			expect(await aws.read()).toMatchObject({ privateKey: `key-${n}` });
		}

		expect(aws.state.asked).toHaveLength(3);
	});

	test("asks once for all whose keys were refused, and not again for those who learn of it late", async () => {
		await using aws = await secretsManager();
		aws.state.body = { SecretString: keys("old") };
		const old = await aws.read();
		aws.state.body = { SecretString: keys("new") };

		const fresh = await Promise.all(Array.from({ length: 20 }, () => aws.read(old)));
		const late = await aws.read(old);

		expect(new Set([...fresh, late]).size).toBe(1);
		expect(late).toMatchObject({ privateKey: "new" });
		expect(aws.state.asked).toHaveLength(2);
	});

	test("reads a secret that was put as binary", async () => {
		await using aws = await secretsManager();
		aws.state.body = { SecretBinary: Buffer.from(keys("binary")).toString("base64") };

		expect(await aws.read()).toMatchObject({ privateKey: "binary" });
	});

	test("tells of doubts about the shape once a reading", async () => {
		await using aws = await secretsManager();
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
	] as const)("because of %s (%i) is told with a remedy; time may cure it: %s", async (name, status, transient) => {
		await using aws = await secretsManager();
		aws.state.status = status;
		aws.state.body = { __type: name, message: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:c0ffee" };

		const error = await failureOf(aws.read());

		expect(error).toMatchObject({ name: "SECRET_UNREADABLE", transient });
		expect(error.message).toMatch(/^secret atlas\/keys: .{20}/);
		expect(error.message).toContain(name);
		expect(inspect(error, { depth: 20, showHidden: true })).not.toContain("c0ffee");
	});

	test("because its reply was garbled gives nothing of it away", async () => {
		await using aws = await secretsManager();
		aws.state.body = '{"SecretString": "c0ffee';

		const error = await failureOf(aws.read());

		expect(error).toMatchObject({ name: "SECRET_UNREADABLE", transient: true });
		expect(inspect(error, { depth: 20, showHidden: true })).not.toContain("c0ffee");
	});

	test("because AWS is not there may be readable later", async () => {
		await using aws = await secretsManager();
		aws.server.close();

		expect(await failureOf(aws.read())).toMatchObject({ name: "SECRET_UNREADABLE", transient: true });
	});

	test("is asked for again by the next caller", async () => {
		await using aws = await secretsManager();
		aws.state.status = 500;
		await failureOf(aws.read());
		aws.state.status = 200;
		aws.state.body = { SecretString: keys("later") };

		expect(await aws.read()).toMatchObject({ privateKey: "later" });
	});

	test("for its shape is invalid, not unreadable", async () => {
		await using aws = await secretsManager();
		aws.state.body = { SecretString: "{}" };

		expect(await failureOf(aws.read())).toMatchObject({ name: "SECRET_INVALID", transient: false });
	});
});
