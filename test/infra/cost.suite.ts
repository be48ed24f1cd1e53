import { expect, test } from "vitest";
import { costOf, MOST } from "../../local/bench/fixed-cost.ts";
import { nightly, PROJECT, templateOf } from "./synthesize.ts";

const cost = (clusters: number): number => {
	const names = Array.from({ length: clusters }, (_, index) => `c${index}`);
	const schedules = clusters === 0 ? [] : [{ ...nightly, request: { projectId: PROJECT, clusters: names } }];
	return costOf(Object.values(templateOf({ schedules }).toJSON()["Resources"]), clusters);
};

test.each(Object.entries(MOST).map(([clusters, most]) => [Number(clusters), most] as const))(
	"%i clusters cost at most %i US$ a month at rest",
	(clusters, most) => {
		expect(cost(clusters)).toBeLessThanOrEqual(most);
		expect(cost(clusters)).toBeGreaterThan(cost(0));
	},
);

test("beyond the clusters' own alarms another cluster costs a cent a month at most", () => {
	expect((cost(400) - cost(60)) / 340).toBeLessThan(0.01);
});
