import fc from "fast-check";
import { expect, test } from "vitest";
import { openEnvelope } from "../../../lambda/atlas/layers/open-envelopes.ts";
import { queuedSnapshot, takeReply } from "../fixtures/recorded.ts";

const reply = (body: unknown) => ({ status: 200, headers: {}, body: JSON.stringify(body) });

test.each(["content", "envelope"])("opens an object under the key %s, whose status counts", (key) => {
	expect(openEnvelope(reply({ status: 201, [key]: queuedSnapshot }))).toEqual({
		status: 201,
		headers: {},
		body: JSON.stringify(queuedSnapshot),
	});
});

test("opens an error with HTTP status 200", () => {
	const error = { error: 429, errorCode: "RATE_LIMITED_TOKEN_BUCKET" };

	expect(openEnvelope(reply({ status: 429, content: error }))).toMatchObject({
		status: 429,
		body: JSON.stringify(error),
	});
	expect(openEnvelope(reply({ ...error, status: 429 })).status).toBe(429);
});

test("opens a list, whose envelope is the page itself", () => {
	const page = { links: [], results: [queuedSnapshot], totalCount: 1 };

	expect(JSON.parse(openEnvelope(reply({ ...page, status: 200 })).body)).toEqual(page);
});

test("leaves a snapshot unchanged, whose status is a string", () => {
	expect(openEnvelope(takeReply)).toBe(takeReply);
});

test("leaves everything else unchanged", () => {
	const status = fc.oneof(fc.string(), fc.double(), fc.constantFrom(null, 99, 600, 200.5));
	fc.assert(
		fc.property(
			fc.oneof(
				fc.jsonValue(),
				fc.record({ status: status.filter((s) => !Number.isInteger(s) || s === 99 || s === 600) }),
			),
			(body) => {
				const whole = reply(body);
				fc.pre(
					typeof body !== "object" ||
						body === null ||
						Array.isArray(body) ||
						!isStatus((body as { status?: unknown }).status),
				);
				expect(openEnvelope(whole)).toBe(whole);
			},
		),
	);
});

const isStatus = (status: unknown) => Number.isInteger(status) && Number(status) >= 100 && Number(status) <= 599;
