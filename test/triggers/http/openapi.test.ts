import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import openapi from "../../../docs/openapi.json" with { type: "json" };
import { PROBLEMS, problemType } from "../../../lambda/triggers/http/problem.ts";
import { expectDocumented } from "../../harness/http-contract.ts";
import { createTestRouter, REQUEST } from "../../harness/router.ts";

test("the document is valid OpenAPI 3.1", async () => {
	const validator = new Validator();

	const result = await validator.validate(fileURLToPath(new URL("../../../docs/openapi.json", import.meta.url)));

	expect(result).toEqual({ valid: true });
	expect(validator.version).toBe("3.1");
});

test("the document has every problem, and no other", () => {
	const kinds = Object.keys(PROBLEMS).map((kind) => problemType(kind as keyof typeof PROBLEMS));

	expect(openapi.components.schemas.Problem.properties.type.enum.toSorted()).toEqual(kinds.toSorted());
});

test("the document describes every field of requests and replies", () => {
	const schemas: Readonly<Record<string, { readonly properties?: object; readonly description?: string }>> = JSON.parse(
		JSON.stringify(openapi.components.schemas),
	);

	const undescribed = Object.entries(schemas).flatMap(([name, { properties = {} }]) =>
		Object.entries(properties)
			.filter(
				([, field]) => !("description" in field) && !schemas[String(field.$ref).split("/").at(-1) ?? ""]?.description,
			)
			.map(([field]) => `${name}.${field}`),
	);

	expect(undescribed).toEqual([]);
});

test("the page about HTTP documents every problem with its status, and no other", async () => {
	const page = await readFile(new URL("../../../docs/http.md", import.meta.url), "utf8");

	const documented = page.matchAll(/^\| `(urn:\S+)` \| ([\d, ]+) \|/gm);

	const listed = Object.fromEntries([...documented].map(([, type, status]) => [type, status?.split(", ").map(Number)]));
	for (const [kind, { status }] of Object.entries(PROBLEMS)) {
		expect(listed[problemType(kind as keyof typeof PROBLEMS)], kind).toContain(status);
	}
	expect(Object.keys(listed)).toHaveLength(Object.keys(PROBLEMS).length);
});

test("the check of replies finds a missing header, an unknown field, a wrong type and an undocumented status", async () => {
	const reply = await createTestRouter().send({ body: REQUEST });
	const { location: _, ...headers } = reply.headers;
	const body = JSON.parse(reply.body ?? "");
	const check = (change: object) => () => expectDocumented("POST", "/snapshots", { ...reply, ...change });

	expect(check({})).not.toThrow();
	expect(check({ headers })).toThrow("has Location");
	expect(check({ body: JSON.stringify({ ...body, arn: "x" }) })).toThrow("must NOT have additional properties");
	expect(check({ body: JSON.stringify({ ...body, status: "DONE" }) })).toThrow(
		"must be equal to one of the allowed values",
	);
	expect(check({ headers: { ...reply.headers, "content-type": "text/html" } })).toThrow("may be text/html");
	expect(check({ headers: { ...reply.headers, "retry-after": "1.5" } })).toThrow("must match pattern");
	expect(check({ status: 200 })).toThrow("is in the document");
});
