import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InputError } from "../../lambda/domain/errors.ts";
import {
	checkClusterCount,
	checkRequestLimits,
	limitRefusal,
	parseLimits,
	type RequestLimits,
	type RequestLimitsInput,
	readCallerLimits,
} from "../../lambda/domain/limits.ts";
import { readSnapshotRequest } from "../../lambda/domain/request.ts";
import type { RequestedBy, Run } from "../../lambda/domain/run.ts";
import { readSnapshotConfig, readTriggerConfig } from "../../lambda/handlers/config.ts";

const projectId = "32b6e34b3d91647abb20e7b8";
const other = "5f0a1b2c3d4e5f6071829311";
const HOOK = "hook:github";
const IAM = "iam:arn:aws:iam::123456789012:user/ci";
const EVENT = "event:acme.releases";

function limits(input: RequestLimitsInput = {}): RequestLimits {
	const read = readCallerLimits(input);
	if (read.faults) throw new Error(JSON.stringify(read.faults));
	return read.limits;
}

const faultsOf = (input: unknown) =>
	readCallerLimits(input).faults?.map(({ pointer, detail }) => `${pointer} ${detail}`) ?? [];

function runOf(requestedBy: RequestedBy, request: object): Run {
	const trigger = requestedBy.startsWith("event:") ? "event" : "http";
	const whole = { projectId, clusters: ["prod-a"], ...request };
	return { run: "x", trigger, requestedBy, request: readSnapshotRequest(JSON.parse(JSON.stringify(whole))) };
}

function forbids(by: RequestedBy, request: object, input: RequestLimitsInput = {}): readonly string[] {
	try {
		checkRequestLimits(limits(input), runOf(by, request));
	} catch (error) {
		if (error instanceof InputError && error.name === "NOT_ALLOWED") {
			return error.faults.map(({ pointer, detail }) => `${pointer} ${detail}`);
		}
		throw error;
	}
	return [];
}

const names = (count: number) => Array.from({ length: count }, (_, i) => `c${i}`);

describe("promise 9: no caller can order more than the operator's limits allow", () => {
	test.each([
		[HOOK, { retentionInDays: 35, clusters: names(20) }, []],
		[HOOK, { retentionInDays: 36 }, ["/retentionInDays must be 35 or less (limits.hook.maxRetentionInDays)"]],
		[HOOK, { clusters: names(21) }, ["/clusters must not name more than 20 (limits.hook.maxClusters)"]],
		[HOOK, { clusters: "all" }, ["/clusters must be a list of names (limits.hook.allowSelections)"]],
		[HOOK, { clusters: { tags: { a: "b" } } }, ["/clusters must be a list of names (limits.hook.allowSelections)"]],
		[IAM, { retentionInDays: 400, clusters: names(200) }, []],
		[IAM, { clusters: "all" }, []],
		[IAM, { retentionInDays: 401 }, ["/retentionInDays must be 400 or less (limits.http.maxRetentionInDays)"]],
		[IAM, { clusters: names(201) }, ["/clusters must not name more than 200 (limits.http.maxClusters)"]],
		[
			IAM,
			{ clusters: "all", projectId: undefined },
			["/projectId must not be left out (limits.http.allowAllProjects)"],
		],
		[EVENT, { retentionInDays: 401 }, ["/retentionInDays must be 400 or less (limits.event.maxRetentionInDays)"]],
		[
			EVENT,
			{ clusters: { tags: { a: "b" } }, projectId: undefined },
			["/projectId must not be left out (limits.event.allowAllProjects)"],
		],
	] as const)("by default, %s asking for %j", (by, request, faults) => {
		expect(forbids(by, request)).toEqual(faults);
	});

	test.each(["schedule:nightly", "local"] as const)("none bind %s, the operator's own", (by) => {
		const all = { projectId: undefined, clusters: "all", retentionInDays: 2 ** 31 - 1 };

		expect(forbids(by, all, { hook: { projectIds: [other] }, http: { clusters: ["x"] } })).toEqual([]);
	});

	test("every field that a limit forbids is named at once, with the limit", () => {
		const input = { http: { projectIds: [other], clusters: ["test-*"], maxRetentionInDays: 1, maxClusters: 1 } };

		expect(forbids(IAM, { clusters: ["test-a", "prod-a"], retentionInDays: 2 }, input)).toEqual([
			"/retentionInDays must be 1 or less (limits.http.maxRetentionInDays)",
			"/clusters must not name more than 1 (limits.http.maxClusters)",
			"/clusters must name allowed clusters only (limits.http.clusters)",
			"/projectId must be an allowed project (limits.http.projectIds)",
		]);
	});

	test.each([
		["prod-a", ["prod-a"], true],
		["prod-ab", ["prod-a"], false],
		["prod-ab", ["prod-a*"], true],
		["prod-a", ["prod-a*"], true],
		["PROD-a", ["prod-*"], false],
		["x", ["*"], true],
		["x", ["a", "x"], true],
	])("a cluster %s is allowed by %j: %s", (cluster, clusters, allowed) => {
		expect(forbids(HOOK, { clusters: [cluster] }, { hook: { clusters } }).length === 0).toBe(allowed);
		const target = { projectId, clusterName: cluster };
		expect(limitRefusal(limits({ hook: { clusters } }), runOf(HOOK, {}), target) === undefined).toBe(allowed);
	});

	test("what a selection finds is held to them as well", () => {
		const bound = limits({ http: { projectIds: [projectId], maxClusters: 2 } });
		const run = runOf(IAM, { clusters: "all" });

		expect(() => checkClusterCount(bound, run, 2)).not.toThrow();
		expect(() => checkClusterCount(bound, run, 3)).toThrow(
			/must not select more than 2, but selects 3 \(limits.http.maxClusters\)/,
		);
		expect(limitRefusal(bound, run, { projectId: other, clusterName: "a" })).toMatchObject({ code: "NOT_ALLOWED" });
		expect(limitRefusal(bound, run, { projectId, clusterName: "a" })).toBeUndefined();
	});
});

describe("limits that are malformed let nothing pass", () => {
	test.each([
		[null, [" must be a JSON object"]],
		["x", [" must be a JSON object"]],
		[{ hooks: {} }, ["/hooks is not known"]],
		[{ hook: null }, ["/hook must be a JSON object"]],
		[{ hook: { maxclusters: 1, retention: 1 } }, ["/hook/maxclusters is not known", "/hook/retention is not known"]],
		[{ http: { maxRetentionInDays: "5" } }, ["/http/maxRetentionInDays must be a whole number"]],
		[{ http: { maxClusters: 0 } }, ["/http/maxClusters must be 1 or more"]],
		[{ event: { allowSelections: "no" } }, ["/event/allowSelections must be true or false"]],
		[
			{ event: { clusters: ["prod*-a"] } },
			["/event/clusters/0 must be a cluster name, or the beginning of one and a *"],
		],
		[{ event: { clusters: [] } }, ["/event/clusters must not be empty"]],
		[{ event: { projectIds: "x" } }, ["/event/projectIds must be a list of project ids"]],
		[JSON.parse('{"hook":{"__proto__":{"maxClusters":9}}}'), ["/hook/__proto__ is not known"]],
	])("%j: %s", (input, faults) => {
		expect(faultsOf(input)).toEqual(faults);
	});

	test.each([
		"",
		"x",
		"[]",
		"null",
		'{"hook":{"maxClusters":-1}}',
		'{"hooks":{}}',
		'"{}"',
		'{"hook":{"maxClusters":1},"hook":{}}',
		'{"hook":{"maxClusters":1,"maxClusters":1000}}',
		'{"hook":{"maxClusters":1,"max\\u0043lusters":1000}}',
		JSON.stringify({ hook: { clusters: Array.from({ length: 1000 }, () => 0) } }),
	])("in either function, REQUEST_LIMITS=%s is an invalid configuration", (text) => {
		const snapshot = { ATLAS_SECRET_ID: "a", EVENT_BUS_NAME: "b", REQUEST_LIMITS: text };
		const trigger = { SNAPSHOT_FUNCTION_ARN: "a", REQUEST_LIMITS: text };
		const invalid = expect.objectContaining({
			name: "CONFIG_INVALID",
			message: expect.stringMatching(/^environment: REQUEST_LIMITS must .{1,5000}$/),
		});

		expect(() => readSnapshotConfig(snapshot)).toThrow(invalid);
		expect(() => readTriggerConfig(trigger)).toThrow(invalid);
	});

	test("whatever the limits are, they are limits or faults, and never looser than their defaults by a mistake", () => {
		const fields = fc.dictionary(
			fc.constantFrom(
				"projectIds",
				"clusters",
				"maxRetentionInDays",
				"maxClusters",
				"allowSelections",
				"x",
				"__proto__",
			),
			fc.jsonValue(),
		);
		fc.assert(
			fc.property(
				fc.dictionary(fc.constantFrom("hook", "http", "event", "hoook"), fc.oneof(fields, fc.jsonValue())),
				(input) => {
					const read = readCallerLimits(input);
					if (read.faults) expect(read.faults.length).toBeGreaterThan(0);
					else expect(input).toEqual(JSON.parse(JSON.stringify(pick(read.limits, input))));
				},
			),
			{ numRuns: 1000 },
		);
	});
});

/** What was read, of the fields that were written. */
const pick = (read: RequestLimits, input: object) =>
	Object.fromEntries(
		Object.entries(input).map(([kind, fields]) => [
			kind,
			Object.fromEntries(Object.keys(fields).map((field) => [field, Reflect.get(Reflect.get(read, kind), field)])),
		]),
	);

test("limits that are no JSON are a fault, and let nothing pass", () => {
	expect(parseLimits("{")).toEqual({ faults: [{ pointer: "", detail: "must be JSON" }] });
	expect(parseLimits('{"hook":{},"hook":{}}')).toEqual({
		faults: [{ pointer: "", detail: "must not name a field twice" }],
	});
	expect(parseLimits("{}")).toEqual({ limits: limits() });
});

test.each([
	["projectIds", { projectIds: [other] }],
	["clusters", { clusters: ["b*"] }],
])("a target found outside the limit %s is refused by its name", (name, own) => {
	expect(limitRefusal(limits({ event: own }), runOf(EVENT, {}), { projectId, clusterName: "a" })).toEqual({
		code: "NOT_ALLOWED",
		message: `the selection finds it, but limits.event.${name} does not name it`,
	});
});

test("too many clusters found are not allowed, by the limit's name", () => {
	const check = (found: number) => () => checkClusterCount(limits({ http: { maxClusters: 2 } }), runOf(IAM, {}), found);

	expect(check(2)).not.toThrow();
	expect(check(3)).toThrow(
		expect.objectContaining({
			name: "NOT_ALLOWED",
			faults: [
				{ pointer: "/clusters", detail: "must not select more than 2, but selects 3 (limits.http.maxClusters)" },
			],
		}),
	);
});
