import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { areSameCredentials, parseCredentials } from "../../lambda/domain/credentials.ts";
import { InputError } from "../../lambda/domain/errors.ts";

const PUBLIC = "abcdefgh";
const PRIVATE = "00000000-1111-2222-3333-444444444444";
const ID = "mdb_sa_id_66f0c0ffee0000000000abcd";
const SECRET = "mdb_sa_sk_c0ffee_-c0ffee";
const apiKey = { kind: "api-key", publicKey: PUBLIC, privateKey: PRIVATE };
const serviceAccount = { kind: "service-account", clientId: ID, clientSecret: SECRET };

const read = (secret: object | string) =>
	parseCredentials(typeof secret === "string" ? secret : JSON.stringify(secret), "atlas/keys");
function refusal(secret: object | string): string {
	try {
		read(secret);
	} catch (error) {
		if (error instanceof InputError && error.name === "SECRET_INVALID") return error.message;
		throw error;
	}
	throw new Error("the secret was accepted");
}

test.each([null, "", "  ", "\t\n"])("a field that is %j counts as absent", (blank) => {
	expect(read({ publicKey: PUBLIC, privateKey: PRIVATE, clientId: blank, clientSecret: blank })).toEqual({
		credentials: apiKey,
		shape: "publicKey, privateKey",
	});
});

describe("shapes that are read", () => {
	test.each([
		[{ clientId: ID, clientSecret: SECRET, orgId: "66f0c0ffee0000000000abcd" }, "clientId, clientSecret"],
		[{ client_id: ID, client_secret: SECRET }, "client_id, client_secret"],
		[
			{ MONGODB_ATLAS_CLIENT_ID: ID, MONGODB_ATLAS_CLIENT_SECRET: SECRET },
			"MONGODB_ATLAS_CLIENT_ID, MONGODB_ATLAS_CLIENT_SECRET",
		],
	])("service account %j", (secret, shape) => {
		expect(read(secret)).toEqual({ credentials: serviceAccount, shape });
	});

	test.each([
		[{ publicKey: PUBLIC, privateKey: PRIVATE }, "publicKey, privateKey"],
		[{ public_key: PUBLIC, private_key: PRIVATE, base_url: "https://cloud.mongodb.com" }, "public_key, private_key"],
		[{ PublicKey: PUBLIC, PrivateKey: PRIVATE }, "PublicKey, PrivateKey"],
		[{ publicApiKey: PUBLIC, privateApiKey: PRIVATE, orgId: "x" }, "publicApiKey, privateApiKey"],
		[
			{ MONGODB_ATLAS_PUBLIC_API_KEY: PUBLIC, MONGODB_ATLAS_PRIVATE_API_KEY: PRIVATE },
			"MONGODB_ATLAS_PUBLIC_API_KEY, MONGODB_ATLAS_PRIVATE_API_KEY",
		],
	])("API key %j", (secret, shape) => {
		expect(read(secret)).toEqual({ credentials: apiKey, shape });
	});

	test("a service account wins over an API key, with a warning that names fields only", () => {
		const { credentials, warning } = read({
			publicKey: PUBLIC,
			privateKey: PRIVATE,
			clientId: ID,
			clientSecret: SECRET,
		});

		expect(credentials).toEqual(serviceAccount);
		expect(warning).toBe("secret atlas/keys: clientId, clientSecret are used; take out publicKey, privateKey");
	});

	test("blank halves that a template left behind don't count", () => {
		const secret = { clientId: "", clientSecret: " ", publicKey: PUBLIC, privateKey: PRIVATE };

		expect(read(secret)).toEqual({ credentials: apiKey, shape: "publicKey, privateKey" });
	});

	test("what copying left around a key is cut off", () => {
		expect(
			read(`\uFEFF${JSON.stringify({ publicKey: ` ${PUBLIC}`, privateKey: `${PRIVATE}\n` })}`).credentials,
		).toEqual(apiKey);
	});
});

describe("shapes that are refused", () => {
	test.each([
		["", "must be a JSON object"],
		[PRIVATE, "must be a JSON object"],
		["[]", "must be a JSON object"],
		["null", "must be a JSON object"],
		['{"publicKey": "c0ffee', "must be a JSON object"],
		["{}", "must hold clientId and clientSecret"],
		[{ clientId: ID }, "clientSecret is missing beside clientId"],
		[{ privateKey: PRIVATE }, "publicKey is missing beside privateKey"],
		[
			{ clientId: ID, client_secret: SECRET },
			"clientSecret is missing beside clientId; client_id is missing beside client_secret",
		],
		[{ publicKey: 7, privateKey: PRIVATE }, "publicKey must be a string"],
		[{ publicKey: PUBLIC, privateKey: "two words" }, "privateKey must be visible ASCII"],
		[{ publicKey: "a\r\nx: y", privateKey: "ключ" }, "publicKey must be visible ASCII"],
		[{ clientId: "a:b", clientSecret: SECRET }, "clientId must not hold a colon"],
	])("%j", (secret, expected) => {
		const message = refusal(secret);

		expect(message).toContain("secret atlas/keys");
		expect(message).toContain(expected);
	});

	test("whatever is in a secret, a refusal quotes no value of it", () => {
		const value = fc.oneof(
			fc.constant("c0ffee c0ffee"),
			fc.constant(["c0ffee"]),
			fc.constant({ c0ffee: "c0ffee" }),
			fc.integer(),
		);
		const field = fc.constantFrom("clientId", "client_secret", "publicKey", "privateKey", "PrivateKey", "other");
		fc.assert(
			fc.property(fc.dictionary(field, value), fc.nat(20), (secret, cut) => {
				const text = JSON.stringify(secret);
				for (const variant of [text, text.slice(0, -1 - cut), `${text}c0ffee`]) {
					try {
						read(variant);
					} catch (error) {
						expect(String(error)).not.toContain("c0ffee");
						expect(error).not.toHaveProperty("cause");
					}
				}
			}),
		);
	});
});

test("keys are the same if all of them are", () => {
	const one = { kind: "api-key", publicKey: "a", privateKey: "b" } as const;
	const two = { kind: "service-account", clientId: "a", clientSecret: "b" } as const;

	expect([areSameCredentials(one, { ...one }), areSameCredentials(two, { ...two })]).toEqual([true, true]);
	expect([
		areSameCredentials(one, { ...one, privateKey: "c" }),
		areSameCredentials(one, { ...one, publicKey: "c" }),
		areSameCredentials(two, { ...two, clientSecret: "c" }),
		areSameCredentials(two, { ...two, clientId: "c" }),
		areSameCredentials(one, two),
		areSameCredentials(two, one),
	]).toEqual(Array(6).fill(false));
});
