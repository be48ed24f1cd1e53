import fc from "fast-check";
import { expect, test } from "vitest";
import type { Run } from "../../lambda/domain/run.ts";
import { toExecutionPayload } from "../../lambda/executions/lambda-api.ts";

const bytes = (run: Run) => Buffer.from(toExecutionPayload(run)).toString();

const run: Run = {
	run: "http-1",
	trigger: "http",
	requestedBy: "local",
	request: { clusters: { tags: { b: "1", a: "2" } }, retentionInDays: 7, onConflict: "join", deadlineMinutes: 60 },
};

test("a twin whose keys come in another order has the same bytes", () => {
	const { request } = run;
	const twin: Run = {
		request: { ...request, clusters: { tags: { a: "2", b: "1" } } },
		trigger: "http",
		requestedBy: "local",
		run: "http-1",
	};

	expect(bytes(twin)).toBe(bytes(run));
});

test("other values have other bytes, and the order of names counts", () => {
	const withNames = (...clusters: string[]): Run => ({ ...run, request: { ...run.request, clusters } });

	expect(bytes(withNames("a", "b"))).not.toBe(bytes(withNames("b", "a")));
	expect(bytes({ ...run, slot: "x" })).not.toBe(bytes(run));
});

test("the payload says what the run says, for any tags", () => {
	fc.assert(
		fc.property(fc.dictionary(fc.string(), fc.string()), (tags) => {
			const tagged: Run = { ...run, request: { ...run.request, clusters: { tags } } };
			expect(JSON.parse(bytes(tagged))).toEqual(JSON.parse(JSON.stringify(tagged)));
		}),
	);
});
