import { expect, test } from "vitest";
import { ServiceError } from "../../lambda/domain/errors.ts";
import { createTriggerLog } from "../../lambda/triggers/receive.ts";

function openJournal() {
	const lines: unknown[][] = [];
	const write = (level: string) => (message: unknown, extra?: unknown) => void lines.push([level, message, extra]);
	return { lines, journal: createTriggerLog({ info: write("info"), warn: write("warn"), error: write("error") }) };
}

const told = { request: "r", method: "POST", route: "/snapshots" };

test("an error of ours is told by name, message and the name of its cause", () => {
	const { journal, lines } = openJournal();

	const cause = new TypeError("arn:aws:lambda:x");
	journal.answered({ ...told, status: 503, error: new ServiceError("START_FAILED", "no answer", { cause }) });

	expect(lines).toEqual([
		[
			"error",
			"request failed",
			{ ...told, status: 503, error: "START_FAILED", reason: "no answer", cause: "TypeError" },
		],
	]);
});

test("a defect is told by its name and where it happened, never by a message that may quote what came in", () => {
	const { journal, lines } = openJournal();

	journal.answered({ ...told, status: 500, error: new SyntaxError("unexpected token in inner-secret") });

	expect(JSON.stringify(lines)).not.toContain("inner-secret");
	expect(lines[0]?.[2]).toMatchObject({
		error: "SyntaxError",
		at: expect.arrayContaining([expect.stringContaining("at ")]),
	});
});

test("what is answered, refused and failed has a level of its own", () => {
	const { journal, lines } = openJournal();

	journal.answered({ ...told, status: 202, run: "http-1" });
	journal.answered({ ...told, status: 404, error: new Error("x") });
	journal.received({ error: "no error at all" });

	expect(lines.map(([level, message]) => [level, message])).toEqual([
		["info", "request answered"],
		["warn", "request refused"],
		["error", "event refused"],
	]);
});
