import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findDigestChallenge, parseChallenges } from "../../../lambda/atlas/auth/digest-challenge.ts";
import { challengeReply } from "../fixtures/recorded.ts";

const token = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
/** Characters of quoted strings: quotes, backslashes, commas, equals signs. */
const text = fc.string({
	unit: fc.constantFrom("a", "b", "=", ",", '"', " ", "\\", "/", "+", "!", "'", "é", "\t"),
	maxLength: 20,
});
const quote = (value: string) => `"${value.replace(/["\\]/g, "\\$&")}"`;

describe("reading WWW-Authenticate", () => {
	test("reads Atlas's challenge as recorded, with an empty quoted string", () => {
		const [challenge] = parseChallenges(challengeReply.headers["www-authenticate"] ?? "");

		expect(challenge).toEqual({
			scheme: "digest",
			params: {
				realm: "MMS Public API",
				domain: "",
				nonce: "SlgYP7Tv3FS/BuCj/x4WQRIV1bNKdpJg",
				algorithm: "MD5",
				qop: "auth",
				stale: "false",
			},
		});
	});

	test("reads RFC 9110's example of several challenges in one field", () => {
		const field = 'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""';

		expect(parseChallenges(field)).toEqual([
			{ scheme: "basic", params: { realm: "simple" } },
			{ scheme: "newauth", params: { realm: "apps", type: "1", title: 'Login to "apps"' } },
		]);
	});

	test("distinguishes a token68, a parameter and a bare scheme", () => {
		expect(parseChallenges('  Negotiate  YWJj==  , NTLM, , Digest  realm = "a" , nonce=b')).toEqual([
			{ scheme: "negotiate", params: {} },
			{ scheme: "ntlm", params: {} },
			{ scheme: "digest", params: { realm: "a", nonce: "b" } },
		]);
	});

	test("restores quoted strings, including commas and quotes", () => {
		const challenge = fc.record({ scheme: token, params: fc.dictionary(token, text, { minKeys: 1, maxKeys: 5 }) });
		fc.assert(
			fc.property(fc.array(challenge, { minLength: 1, maxLength: 3 }), (challenges) => {
				const field = challenges
					.map(
						({ scheme, params }) =>
							`${scheme} ${Object.entries(params)
								.map(([k, v]) => `${k}=${quote(v)}`)
								.join(", ")}`,
					)
					.join(", ");
				expect(parseChallenges(field)).toEqual(
					challenges.map(({ scheme, params }) => ({ scheme, params: { ...params } })),
				);
			}),
		);
	});

	test("ends on any text", () => {
		fc.assert(
			fc.property(
				fc.string({ unit: fc.constantFrom("a", "D", "=", ",", '"', " ", "\\", "\t"), maxLength: 60 }),
				(field) => {
					expect(Array.isArray(parseChallenges(field))).toBe(true);
				},
			),
			{ numRuns: 1000 },
		);
	});
});

describe("choosing a challenge", () => {
	test("takes the first that can be answered, in the server's order", () => {
		const field =
			'Bearer realm="x", Digest realm="r", nonce="1", qop="auth", algorithm=SHA-512-256, ' +
			'Digest realm="r", nonce="2", qop="auth-int,auth", algorithm=SHA-256, Digest realm="r", nonce="3", qop="auth"';

		expect(findDigestChallenge(field)).toEqual({ realm: "r", nonce: "2", algorithm: "SHA-256", stale: false });
	});

	test("takes MD5 where no algorithm is named, and keeps opaque and stale", () => {
		expect(findDigestChallenge('digest REALM="r", nonce="n", QOP=auth, stale=TRUE, opaque="o"')).toEqual({
			realm: "r",
			nonce: "n",
			algorithm: "MD5",
			stale: true,
			opaque: "o",
		});
	});

	test.each([
		...[undefined, "", "Basic realm=x", 'Digest realm="r"', 'Digest realm="r", nonce="n", qop="auth-int"'],
		...['Basic realm="r", nonce="n", qop="auth"', 'Digest nonce="n", qop="auth"', 'Digest realm="r", qop="auth"'],
		'Digest realm="r", nonce="n"',
	])("finds none in %s", (field) => expect(findDigestChallenge(field)).toBeUndefined());
});
