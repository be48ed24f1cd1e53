import { describe, expect, test } from "vitest";
import { findDigestChallenge, respondToChallenge } from "../../../lambda/atlas/auth/digest-challenge.ts";

/** RFC 7616 §3.9.1. */
const challenges =
	'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, ' +
	'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS", ' +
	'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5, ' +
	'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"';
const answer = {
	username: "Mufasa",
	password: "Circle of Life",
	method: "GET",
	uri: "/dir/index.html",
	nc: 1,
	cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
};
const expected = (algorithm: string, response: string) =>
	'Digest username="Mufasa", realm="http-auth@example.org", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", ' +
	`uri="/dir/index.html", response="${response}", algorithm=${algorithm}, ` +
	'cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", ' +
	'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS", qop=auth, nc=00000001';

function found(field: string) {
	const challenge = findDigestChallenge(field);
	if (!challenge) throw new Error("no challenge was found");
	return challenge;
}

describe("answering a challenge", () => {
	test("gives RFC 7616's response with SHA-256, which the server names first", () => {
		expect(respondToChallenge(found(challenges), answer)).toBe(
			expected("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
		);
	});

	test("gives RFC 7616's response with MD5", () => {
		expect(respondToChallenge({ ...found(challenges), algorithm: "MD5" }, answer)).toBe(
			expected("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
		);
	});

	test("counts in eight hexadecimal digits", () => {
		const challenge = found(challenges);

		expect(respondToChallenge(challenge, { ...answer, nc: 26 })).toMatch(/nc=0000001a$/);
		expect(respondToChallenge(challenge, { ...answer, nc: 1000 })).toMatch(/nc=000003e8$/);
	});

	test("escapes what would end a quoted string, and leaves opaque out where there is none", () => {
		const field = respondToChallenge(
			{ realm: 'a"b\\c', nonce: "n", algorithm: "MD5", stale: false },
			{ ...answer, uri: '/x?q="' },
		);

		expect(field).toContain('realm="a\\"b\\\\c"');
		expect(field).toContain('uri="/x?q=\\""');
		expect(field).not.toContain("opaque");
	});
});
