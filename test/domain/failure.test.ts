import { describe, expect, test } from "vitest";
import { AtlasError, ServiceError } from "../../lambda/domain/errors.ts";
import {
	afterRefusal,
	classifyFailure,
	isLastingRefusal,
	noRefusals,
	refusalReportTime,
} from "../../lambda/domain/failure.ts";

describe("a failed request as plain data", () => {
	test.for([
		[
			"a 503",
			{ code: "ATLAS_FAULT", status: 503 },
			{ code: "ATLAS_FAULT", retry: "again", answered: false, refused: false },
		],
		["a 500", { code: "ATLAS_FAULT", status: 500 }, { answered: false }],
		["a 408", { code: "ATLAS_FAULT", status: 408 }, { answered: false }],
		["a 499", { code: "ATLAS_BAD_REQUEST", status: 499 }, { retry: "never", answered: true }],
		["a proxy's page", { code: "ATLAS_UNREADABLE", status: 200 }, { retry: "again", answered: false }],
		[
			"no reply",
			{ code: "ATLAS_NO_REPLY", executed: "unknown" },
			{ executed: "unknown", answered: false, refused: false },
		],
		[
			"a 401",
			{ code: "ATLAS_KEY_REFUSED", status: 401 },
			{ retry: "never", answered: true, refused: true, executed: "no" },
		],
		["a 403", { code: "ATLAS_FORBIDDEN", status: 403 }, { answered: true, refused: true }],
		["a 404", { code: "ATLAS_NOT_FOUND", status: 404 }, { answered: true, refused: false }],
		[
			"a 429",
			{ code: "ATLAS_RATE_LIMITED", status: 429, retryAfterSeconds: 7 },
			{ retry: "again", retryAfterSeconds: 7 },
		],
	] as const)("%s", ([, fault, expected]) => {
		expect(classifyFailure(new AtlasError(fault, "m"))).toMatchObject({ code: fault.code, ...expected });
	});

	test("its reason has Atlas's own code where that says something", () => {
		const reasonOf = (errorCode?: string) =>
			classifyFailure(new AtlasError({ code: "ATLAS_FAULT", status: 500, errorCode }, "why")).reason;

		expect(reasonOf("SOME_CODE")).toEqual({ code: "SOME_CODE", message: "why" });
		expect(reasonOf("UNEXPECTED_ERROR")).toEqual({ code: "ATLAS_FAULT", message: "why" });
		expect(reasonOf()).toEqual({ code: "ATLAS_FAULT", message: "why" });
	});

	test.for([true, false])("an error of this service that is transient: %s", (transient) => {
		expect(classifyFailure(new ServiceError("READ_FAILED", "why", { transient, executed: "unknown" }))).toEqual({
			reason: { code: "READ_FAILED", message: "why" },
			code: "READ_FAILED",
			retry: transient ? "again" : "never",
			executed: "unknown",
			answered: false,
			refused: false,
		});
	});

	test.for([
		[new TypeError("s3cr3t"), "TypeError"],
		["s3cr3t", "Error"],
	] as const)("a defect leaves the request in doubt, and its message is not kept", ([error, name]) => {
		expect(classifyFailure(error)).toEqual({
			reason: { code: "UNEXPECTED", message: `an unexpected ${name} was raised; see the function's log` },
			code: "UNEXPECTED",
			retry: "again",
			executed: "unknown",
			answered: false,
			refused: false,
		});
	});

	test.for([499, 500, 501, 5000])("a message of %i characters is kept up to 500", (length) => {
		const { message } = classifyFailure(new ServiceError("READ_FAILED", "m".repeat(length))).reason;

		expect(message).toBe(length <= 500 ? "m".repeat(length) : `${"m".repeat(499)}…`);
	});
});

describe("refusals in a row", () => {
	const refusedAt = (...times: readonly number[]) => times.reduce(afterRefusal, noRefusals);

	test("count from the first one", () => {
		expect(noRefusals).toEqual({ count: 0, since: 0 });
		expect(refusedAt(1000)).toEqual({ count: 1, since: 1000 });
		expect(refusedAt(1000, 3000, 5000)).toEqual({ count: 3, since: 1000 });
	});

	test.for([
		[[0, 60_000, 120_000], 120_000, true],
		[[0, 60_000, 119_999], 119_999, false],
		[[0, 500_000], 500_000, false],
		[[0, 1, 2, 3], 119_999, false],
	] as const)("at %j, seen at %i, are believed: %s", ([times, at, expected]) => {
		expect(isLastingRefusal(refusedAt(...times), at)).toBe(expected);
	});

	test("are reported four and a half minutes after the first of any kind, or from now on", () => {
		expect(refusalReportTime([noRefusals, noRefusals], 1000)).toBe(271_000);
		expect(refusalReportTime([refusedAt(400), noRefusals], 1000)).toBe(270_400);
		expect(refusalReportTime([refusedAt(400), refusedAt(300)], 1000)).toBe(270_300);
	});
});
