import { afterEach, describe, expect, test } from "vitest";
import type { Fault } from "../../local/atlas/index.ts";
import { type Harness, startHarness } from "../harness/harness.ts";

let harness: Harness;
afterEach(() => harness[Symbol.asyncDispose]());

const MINUTE = 60_000;
/** As Atlas's own test logs hold them between good replies, and a 403. Each comes twice: the client repeats the first. */
const FALSE: readonly Fault["do"][] = [
	{ type: "status", status: 401, errorCode: "USER_CANNOT_ACCESS_GROUP" },
	{ type: "status", status: 401, errorCode: "UNEXPECTED_ERROR" },
	{ type: "status", status: 401 },
	{ type: "status", status: 403, errorCode: "ACCESS_FORBIDDEN" },
];
const named = FALSE.map(
	(fault) => [`${Object(fault).status} ${Object(fault).errorCode ?? "without a code"}`, fault] as const,
);

const PROJECTS = [{ clusters: ["one", "two"] }, { clusters: ["three"] }];
describe.each(named)("a passing refusal: %s", (_what, fault) => {
	test.each([
		["the projects", "groups", 1],
		["the clusters of the first project", "clusters", 1],
		["the clusters of the second project", "clusters", 2],
		["a poll", "get", 2],
		["the snapshots, at the end", "list", 1],
		["the request", "take", 1],
	] as const)("of %s costs no cluster its snapshot", async (_list, kind, nth) => {
		harness = await startHarness({ atlas: { projects: PROJECTS } });
		harness.atlas.faults.add({ on: { kind, nth, times: 2 }, do: fault });

		const { status, result } = await harness.runRequest({ projectId: undefined, clusters: "all" });

		expect(result.targets.map(({ clusterName, state }) => [clusterName, state])).toEqual([
			["one", "COMPLETED"],
			["two", "COMPLETED"],
			["three", "COMPLETED"],
		]);
		expect(status).toBe("SUCCEEDED");
	});
});

describe.each(named)("a lasting refusal: %s", (_what, fault) => {
	test.each([
		["the projects", "groups", ["* REFUSED"]],
		["the clusters", "clusters", ["* REFUSED", "* REFUSED"]],
		["the requests", "take", ["one REFUSED", "two REFUSED", "three REFUSED"]],
	] as const)("of %s is reported after two minutes and within five", async (_list, kind, expected) => {
		harness = await startHarness({ atlas: { projects: PROJECTS } });
		harness.atlas.faults.add({ on: { kind, times: "always" }, do: fault });

		const { result } = await harness.runRequest({ projectId: undefined, clusters: "all" });

		expect(result.targets.map(({ clusterName, state }) => `${clusterName} ${state}`)).toEqual(expected);
		const refused = harness.atlas.log.filter((request) => request.kind === kind).map(({ at }) => at);
		const lasted = Math.max(...refused) - Math.min(...refused);
		expect(lasted).toBeGreaterThanOrEqual(2 * MINUTE);
		expect(lasted).toBeLessThan(5 * MINUTE);
		const asked = Date.parse(result.targets[0]?.requestedAt ?? "");
		expect(harness.atlas.state.now() - asked).toBeLessThan(5 * MINUTE);
	});

	test("of one project keeps no cluster of another from its snapshot", async () => {
		harness = await startHarness({ atlas: { projects: PROJECTS } });
		const [first] = harness.atlas.state.projects.values();
		if (first) first.roles = [];

		const { result } = await harness.runRequest({ projectId: undefined, clusters: "all" });

		expect(result.targets.map(({ clusterName, state }) => `${clusterName} ${state}`)).toEqual([
			"* REFUSED",
			"three COMPLETED",
		]);
	});
});

describe.each(named)("the look at a cluster that explains a refusal: %s", (_what, fault) => {
	const clusters = ["scratch", "playground", "sandbox"];
	const why = ({ result }: Awaited<ReturnType<Harness["runRequest"]>>) =>
		result.targets.map(({ clusterName, state, reason }) => `${clusterName} ${state} ${reason?.code}`);

	test("is made again, so that the reason is the same", async () => {
		harness = await startHarness();
		const expected = why(await harness.runRequest({ clusters }));
		harness.atlas.faults.add({ on: { kind: "cluster", times: 2 * clusters.length }, do: fault });

		expect(why(await harness.runRequest({ clusters }))).toEqual(expected);
	});

	test("ends all the same within five minutes", async () => {
		harness = await startHarness();
		harness.atlas.faults.add({ on: { kind: "cluster", times: "always" }, do: fault });

		await harness.runRequest({ clusters });

		const [first, last] = [harness.atlas.log.at(0), harness.atlas.log.at(-1)];
		expect((last?.at ?? 0) - (first?.at ?? 0)).toBeLessThan(5 * MINUTE);
	});
});
