import { expect, test } from "vitest";
import { ServiceError } from "../../../lambda/domain/errors.ts";
import { PROBLEMS, ProblemError, problemType, toProblemReply } from "../../../lambda/triggers/http/problem.ts";

test.for(Object.entries(PROBLEMS))("the problem %s has a status and a title of its own", ([kind, { title }]) => {
	const titles = Object.values(PROBLEMS).map((problem) => problem.title);

	expect(title).toMatch(/^[A-Z].{10,}[^.]$/);
	expect(titles.filter((each) => each === title)).toHaveLength(1);
	expect(problemType(kind as keyof typeof PROBLEMS)).toBe(`urn:atlas-snapshots:problem:${kind}`);
});

test.for([
	[
		new ProblemError("not-found", { detail: "d", headers: { a: "b" }, extensions: { x: 1 } }),
		404,
		{ detail: "d", x: 1 },
		{ a: "b" },
	],
	[new ProblemError("atlas-refused", { status: 409, detail: "d" }), 409, { status: 409 }, {}],
	[new ServiceError("RUN_NAME_TAKEN", "taken"), 422, { detail: "taken" }, {}],
	[new ServiceError("READ_FAILED", "s3cr3t", { transient: true }), 503, {}, { "retry-after": "5" }],
	[new ServiceError("READ_FAILED", "s3cr3t"), 500, {}, {}],
	[new TypeError("s3cr3t"), 500, {}, {}],
] as const)("%s becomes a problem of status %i that quotes nothing internal", ([error, code, fields, headers]) => {
	const reply = toProblemReply(error, "r-1");

	expect([reply.status, reply.headers]).toEqual([code, { "content-type": "application/problem+json", ...headers }]);
	expect(JSON.parse(reply.body ?? "")).toMatchObject({
		status: code,
		instance: "urn:atlas-snapshots:request:r-1",
		detail: expect.stringMatching(/./),
		...fields,
	});
	expect(reply.body).not.toContain("s3cr3t");
});
