import { expect, test } from "vitest";
import { ServiceError } from "../../lambda/domain/errors.ts";
import { createTriggerLog } from "../../lambda/triggers/trigger-log.ts";

function captureLog() {
	const lines: unknown[][] = [];
	const write = (level: string) => (message: unknown, extra?: unknown) => void lines.push([level, message, extra]);
	return { lines, log: createTriggerLog({ info: write("info"), warn: write("warn"), error: write("error") }) };
}

const entry = { request: "r", method: "POST", route: "/snapshots" };

test("an error of this service is logged by name, message and the name of its cause", () => {
	const { log, lines } = captureLog();

	const cause = new TypeError("arn:aws:lambda:x");
	log.request({ ...entry, status: 503, error: new ServiceError("START_FAILED", "no answer", { cause }) });

	expect(lines).toEqual([
		[
			"error",
			"request failed",
			{ ...entry, status: 503, error: "START_FAILED", reason: "no answer", cause: "TypeError" },
		],
	]);
});

test("any other error is logged by name and stack frames, without its message, which may quote input", () => {
	const { log, lines } = captureLog();

	log.request({ ...entry, status: 500, error: new SyntaxError("unexpected token in inner-secret") });

	expect(JSON.stringify(lines)).not.toContain("inner-secret");
	expect(lines[0]?.[2]).toMatchObject({
		error: "SyntaxError",
		at: expect.arrayContaining([expect.stringContaining("at ")]),
	});
});

test("answered, refused and failed requests are logged at info, warn and error", () => {
	const { log, lines } = captureLog();

	log.request({ ...entry, status: 202, run: "http-1" });
	log.request({ ...entry, status: 404, error: new Error("x") });
	log.event({ error: "no error at all" });

	expect(lines.map(([level, message]) => [level, message])).toEqual([
		["info", "request answered"],
		["warn", "request refused"],
		["error", "event refused"],
	]);
});
