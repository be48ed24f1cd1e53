import { describe, expect, test } from "vitest";
import { isRunName, retryAfterOf, withoutArns } from "../../../lambda/triggers/http/run-status.ts";
import { targetStatus } from "../../harness/router.ts";

const RUN = `http-${"0".repeat(32)}`;
const PENDING = { projectId: "p", clusterName: "c", state: "PENDING" } as const;
const STARTED = targetStatus("STARTED");
const COMPLETED = targetStatus("COMPLETED");

test.for([
	[RUN, true],
	[`schedule-${"a".repeat(32)}`, true],
	[`event-${"9".repeat(32)}`, true],
	[`xhttp-${"0".repeat(32)}`, false],
	[`http-${"0".repeat(33)}`, false],
	[`http-${"0".repeat(31)}`, false],
	[`http-${"g".repeat(32)}`, false],
] as const)("%s is a run's name: %s", ([name, expected]) => expect(isRunName(name)).toBe(expected));

test.for([
	["at arn:aws:iam::1:role/x, 'arn:aws-cn:a:b' and arn:aws:c\"", "at (an ARN) '(an ARN)' and (an ARN)\""],
	["a barn: none", "a barn: none"],
] as const)("%s is told as %s", ([message, expected]) => {
	expect(withoutArns({ code: "C", message })).toEqual({ code: "C", message: expected });
});

describe("Retry-After", () => {
	const endingAt = (milliseconds: number) => ({ ...STARTED, expectedEndAt: new Date(milliseconds).toISOString() });

	test.for([
		["half of the time left", [endingAt(100_000)], 0, "50"],
		["half of the time left until the last one ends", [endingAt(100_000), endingAt(60_000)], 0, "50"],
		["rounded up", [endingAt(101_000)], 0, "51"],
		["five minutes at most", [endingAt(900_000)], 0, "300"],
		["two seconds at least", [endingAt(1000)], 0, "2"],
		["a quarter of the time gone, where an end is past", [endingAt(1000)], 40_000, "10"],
		["a quarter of the time gone, where one end is not known", [endingAt(100_000), STARTED], 40_000, "10"],
		["a quarter of the time gone, where one is pending", [endingAt(100_000), PENDING], 44_001, "12"],
		["a quarter of the time gone, where none runs", [COMPLETED], 40_000, "10"],
		["half of the time left of those that run", [{ ...endingAt(100_000), state: "LATE" }, COMPLETED], 0, "50"],
		["half a minute at most, where the end is not known", [STARTED], 4_000_000, "30"],
	] as const)("is %s", ([, targets, now, expected]) => {
		expect(retryAfterOf({ startedAt: 0, targets: [...targets] }, now)).toBe(expected);
	});
});
