import fc from "fast-check";
import { expect, test } from "vitest";
import { retryAfterSeconds } from "../../../lambda/atlas/replies/classify.ts";
import type { AtlasReply } from "../../../lambda/atlas/request.ts";

const NOW = Date.UTC(2026, 9, 24, 2, 0, 0);
const reply = (status: number, field?: string, body: unknown = {}): AtlasReply => ({
	status,
	headers: field === undefined ? {} : { "retry-after": field },
	body: JSON.stringify(body),
});
const bucket = (...parameters: unknown[]) => ({ error: 429, errorCode: "RATE_LIMITED_TOKEN_BUCKET", parameters });

test("is read from seconds and dates", () => {
	fc.assert(
		fc.property(fc.integer({ min: 1, max: 10_000_000 }), (seconds) => {
			expect(retryAfterSeconds(reply(429, String(seconds)), NOW)).toBe(seconds);
			expect(retryAfterSeconds(reply(503, new Date(NOW + seconds * 1000).toUTCString()), NOW)).toBe(seconds);
		}),
	);
});

test("is the second parameter of a 429 if the field is missing or invalid", () => {
	const body = bucket("api/atlas/v2/orgs", 55, 10, 5, 60);

	expect(retryAfterSeconds(reply(429, undefined, body), NOW)).toBe(55);
	expect(retryAfterSeconds(reply(429, "soon", body), NOW)).toBe(55);
	expect(retryAfterSeconds(reply(429, "7", body), NOW)).toBe(7);
	expect(retryAfterSeconds(reply(503, undefined, body), NOW)).toBeUndefined();
});

test("is not the token endpoint's count of requests", () => {
	const body = { error: 429, errorCode: "RATE_LIMITED", parameters: ["/api/oauth/token", 50, 1] };

	expect(retryAfterSeconds(reply(429, undefined, body), NOW)).toBeUndefined();
});

test.each(["-1", "1.5", "1e3", "", "Tue", "2026-10-24T02:00:00Z", "Sat, 99 Oct 2026 02:00:00 GMT"])(
	"is undefined if the field is %j",
	(field) => expect(retryAfterSeconds(reply(429, field), NOW)).toBeUndefined(),
);

test.each([null, "x", {}, -5])("is undefined if the second parameter is %j", (second) => {
	expect(retryAfterSeconds(reply(429, undefined, bucket("p", second, 1, 1, 1)), NOW)).toBeUndefined();
});

test("is undefined for 0 seconds, a past date and a successful reply", () => {
	expect(retryAfterSeconds(reply(429, "Sat, 24 Oct 2026 01:00:00 GMT"), NOW)).toBeUndefined();
	expect(retryAfterSeconds(reply(429, "0", bucket("p", 0, 1200, 500, 60)), NOW)).toBeUndefined();
	expect(retryAfterSeconds(reply(200, "9"), NOW)).toBeUndefined();
});
