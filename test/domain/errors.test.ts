import { describe, expect, test } from "vitest";
import {
	AtlasError,
	escapePointer,
	InputError,
	ServiceError,
	toFaults,
	unknownFields,
} from "../../lambda/domain/errors.ts";
import { isRecord, parseJson } from "../../lambda/domain/json.ts";

const faults = (count: number) =>
	Array.from({ length: count }, (_, index) => ({ pointer: `/f${index}`, detail: "is bad" }));

describe("an error of this service", () => {
	test("has its code as its name, and by default is final and not carried out", () => {
		expect(new ServiceError("READ_FAILED", "m")).toMatchObject({
			...{ name: "READ_FAILED", message: "m", transient: false, executed: "no" },
		});
	});

	test("may be shared by calls that differ in what was carried out", () => {
		const cause = new Error("why");
		const error = new ServiceError("READ_FAILED", "m", { cause, transient: true });
		const atlas = new AtlasError({ code: "ATLAS_FAULT", status: 500 }, "m", { cause });

		expect(error.asExecuted("unknown")).toMatchObject({
			...{ name: "READ_FAILED", message: "m", transient: true, executed: "unknown", cause },
		});
		expect(atlas.asExecuted("unknown")).toMatchObject({
			...{ name: "ATLAS_FAULT", message: "m", transient: true, executed: "unknown", cause },
			fault: { code: "ATLAS_FAULT", status: 500, blame: "transient", executed: "unknown" },
		});
	});

	test.for([
		[{ code: "ATLAS_FAULT" }, true, { blame: "transient", executed: "no" }],
		[{ code: "ATLAS_KEY_REFUSED" }, false, { blame: "user", executed: "no" }],
		[{ code: "ATLAS_BAD_REQUEST", blame: "ours", executed: "unknown" }, false, { blame: "ours", executed: "unknown" }],
	] as const)("of Atlas %j is transient: %s", ([input, transient, fault]) => {
		const error = new AtlasError(input, "m");

		expect([error.transient, error.fault, error.executed]).toEqual([transient, { ...input, ...fault }, fault.executed]);
	});
});

describe("an invalid input", () => {
	test("is described by every rule that it breaks", () => {
		const error = new InputError("REQUEST_INVALID", "request", [
			{ pointer: "", detail: "must be an object" },
			{ pointer: "/clusters/0/name", detail: "is bad" },
		]);

		expect([error.name, error.message]).toEqual([
			"REQUEST_INVALID",
			"request: must be an object; clusters.0.name is bad",
		]);
	});

	test("of a caller lists 20 faults and counts the others", () => {
		const error = new InputError("REQUEST_INVALID", "request", faults(22));

		expect(error.faults).toEqual(faults(20));
		expect(error.message).toMatch(/f19 is bad; and 2 more$/);
		expect(new InputError("REQUEST_INVALID", "request", faults(20)).message).toMatch(/f19 is bad$/);
	});

	test("of the operator lists them all", () => {
		expect(new InputError("CONFIG_INVALID", "settings", faults(22)).message).toMatch(/f20 is bad; f21 is bad$/);
	});

	test.for([
		["a/b~c", "a~1b~0c"],
		["k".repeat(40), "k".repeat(40)],
		["k".repeat(41), `${"k".repeat(40)}…`],
	] as const)("has the key %s in a pointer as %s", ([key, expected]) => expect(escapePointer(key)).toBe(expected));

	test.for([
		[
			{ a: 1, "b/c": 2, toString: 3 },
			"/x",
			[
				{ pointer: "/x/b~1c", detail: "is not known" },
				{ pointer: "/x/toString", detail: "is not known" },
			],
		],
		[{ a: 1 }, "", []],
		[[], "/x", [{ pointer: "/x", detail: "must be a JSON object" }]],
		[null, "", []],
		["text", "", []],
	] as const)("%j has unknown fields", ([input, pointer, expected]) => {
		expect(unknownFields(input, { a: true }, pointer)).toEqual(expected);
	});

	test("has the schema's path as a pointer, and the schema's own sentence", () => {
		const issues = [{ message: "is bad", path: [{ key: "a/b" }, { key: 0 }] }, { message: "is no object" }];

		expect(toFaults(issues as never)).toEqual([
			{ pointer: "/a~1b/0", detail: "is bad" },
			{ pointer: "", detail: "is no object" },
		]);
	});
});

test.for([
	["{}", {}],
	["[1]", [1]],
	["s3cr3t", undefined],
] as const)("%s is read as JSON, or is none", ([text, expected]) => expect(parseJson(text)).toEqual(expected));

test.for([
	[{}, true],
	[[], false],
	[null, false],
	["{}", false],
	[undefined, false],
] as const)("%j is a JSON object: %s", ([value, expected]) => expect(isRecord(value)).toBe(expected));
