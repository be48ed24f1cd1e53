import { expect, test } from "vitest";
import { ProblemError } from "../../../lambda/triggers/http/problem.ts";
import { readIdempotencyKey, readPreferredWait } from "../../../lambda/triggers/http/request.ts";

test.for([
	[undefined, 0],
	["", 0],
	["wait=5", 5],
	["WAIT = 5", 5],
	['wait="7"', 7],
	["wait=21", 20],
	["wait=20", 20],
	["wait=999999999", 20],
	["wait=9999999999", 0],
	["wait", 0],
	["wait=", 0],
	["wait=x5", 0],
	["wait=5x", 0],
	["wait=-5", 0],
	["respond-async, wait=3;x=1", 3],
	["wait=3, wait=9", 3],
	["await=5", 0],
] as const)("Prefer: %s waits for %i s", ([field, seconds]) => expect(readPreferredWait(field)).toBe(seconds));

const keyOf = (headers: Record<string, string>) => {
	try {
		return readIdempotencyKey(headers);
	} catch (error) {
		return error instanceof ProblemError && { refused: error.details.detail };
	}
};
const LONG = { refused: "Idempotency-Key must be 1 to 255 printable ASCII characters" };

test.for([
	[{}, undefined],
	[{ "idempotency-key": " a " }, "a"],
	[{ "idempotency-key": '"a, b"' }, "a, b"],
	[{ "idempotency-key": '"a\\"\\\\"' }, 'a"\\'],
	[{ "idempotency-key": "a".repeat(255) }, "a".repeat(255)],
	[{ "idempotency-key": "a".repeat(256) }, LONG],
	[{ "idempotency-key": "" }, LONG],
	[{ "idempotency-key": '""' }, LONG],
	[{ "idempotency-key": '"a' }, LONG],
	[{ "idempotency-key": '"a"b"' }, LONG],
	[{ "idempotency-key": '"a\\b"' }, LONG],
	[{ "idempotency-key": "é" }, LONG],
	[{ "idempotency-key": "a,b" }, { refused: "Idempotency-Key must be sent once, and hold no comma unless quoted" }],
	[{ "webhook-id": " w " }, "w"],
	[{ "webhook-id": "w", "idempotency-key": "a" }, "a"],
	[{ "webhook-id": "a,b" }, { refused: "webhook-id must be sent once, and hold no comma" }],
	[{ "webhook-id": "" }, { refused: "webhook-id must be 1 to 255 printable ASCII characters" }],
] as const)("the idempotency key of %j is %j", ([headers, expected]) => expect(keyOf(headers)).toEqual(expected));
