import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InputError } from "../../lambda/domain/errors.ts";
import { readSnapshotRequest } from "../../lambda/domain/request.ts";

const projectId = "32b6e34b3d91647abb20e7b8";

const faultsOf = (input: unknown): string[] => {
	try {
		readSnapshotRequest(input);
	} catch (error) {
		if (error instanceof InputError) return error.faults.map(({ pointer, detail }) => `${pointer} ${detail}`);
		throw error;
	}
	return [];
};

describe("a request is read", () => {
	test("with its defaults filled in", () => {
		expect(readSnapshotRequest({ projectId, clusters: ["prod-a"] })).toEqual({
			projectId,
			clusters: ["prod-a"],
			retentionInDays: 7,
			onConflict: "join",
			deadlineMinutes: 60,
		});
	});

	test("groupId and clusterName are synonyms", () => {
		expect(readSnapshotRequest({ groupId: projectId, clusterName: "a" })).toEqual(
			readSnapshotRequest({ projectId, clusters: ["a"] }),
		);
	});

	test("a cluster named twice is one target", () => {
		expect(readSnapshotRequest({ projectId, clusters: ["a", "b", "a"] }).clusters).toEqual(["a", "b"]);
	});

	test.each(["all", { tags: { backup: "nightly" } }])("%j needs no project", (clusters) => {
		expect(readSnapshotRequest({ clusters }).projectId).toBeUndefined();
	});

	test("reading is idempotent: what was read is a request", () => {
		const request = readSnapshotRequest({
			groupId: projectId,
			clusterName: "a",
			description: "x",
			minimumAgeMinutes: 5,
		});

		expect(readSnapshotRequest(request)).toEqual(request);
	});
});

describe("a bad request", () => {
	test("has every fault named at once", () => {
		const input = {
			projectId: "XYZ",
			clusters: ["ok", "-bad"],
			retentionInDays: 0,
			onConflict: "maybe",
			deadlineMinutes: 1.5,
			colour: "red",
		};

		expect(faultsOf(input)).toEqual([
			"/projectId must be 24 hexadecimal digits, lower case",
			"/clusters/1 must be a cluster name: letters, digits and hyphens, not a hyphen first",
			"/retentionInDays must be 1 or more",
			"/onConflict must be join, wait, skip or fail",
			"/deadlineMinutes must be a whole number of minutes",
			"/colour is not known",
		]);
	});

	test.each([
		[{ clusters: ["a"] }, '/projectId is missing (it may be left out only beside "all" or tags)'],
		[{ projectId }, "/clusters is missing"],
		[
			{ projectId, groupId: "b".repeat(24), clusters: "all" },
			"/groupId must equal projectId, of which it is a synonym",
		],
		[{ projectId, clusters: "all", clusterName: "a" }, "/clusterName must be left out beside clusters"],
		[{ projectId, clusters: [] }, "/clusters must name at least one cluster"],
		[{ projectId, clusters: "every" }, '/clusters must be a list of cluster names, "all" or {"tags": {…}}'],
		[{ projectId, clusters: { tags: {} } }, "/clusters/tags must name at least one tag"],
		[{ projectId, clusters: { tags: ["a"] } }, "/clusters/tags must be an object of tag keys and values"],
		[{ projectId, clusters: { tags: [] } }, "/clusters/tags must be an object of tag keys and values"],
		[{ projectId, clusters: { tags: null } }, "/clusters/tags must be an object of tag keys and values"],
		[{ projectId, clusters: { tags: "a" } }, "/clusters/tags must be an object of tag keys and values"],
		[{ projectId, clusters: "all", description: "a\u0000b" }, "/description must not hold control characters"],
		[JSON.parse(`{"projectId":"${projectId}","clusters":"all","__proto__":1}`), "/__proto__ is not known"],
		[{ clusters: { tags: { constructor: "a", b: "c" } } }, "/clusters/tags/constructor can't be used as a tag"],
		[null, " must be a JSON object"],
		[[], " must be a JSON object"],
	])("%j: %s", (input, fault) => {
		expect(faultsOf(input)).toEqual([fault]);
	});

	test("never has a value quoted", () => {
		fc.assert(
			fc.property(
				fc.string({ minLength: 12 }).map((text) => `Zq${text}`),
				fc.constantFrom("projectId", "onConflict", "retentionInDays", "clusters"),
				(value, key) => {
					expect(faultsOf({ projectId, clusters: "all", [key]: value }).join()).not.toContain(value);
				},
			),
		);
	});

	test("of any JSON gives a request or an InputError, nothing else", () => {
		fc.assert(
			fc.property(fc.jsonValue(), (input) => {
				expect(() => faultsOf(input)).not.toThrow();
				expect(() => faultsOf({ projectId, clusters: input })).not.toThrow();
			}),
			{ numRuns: 500 },
		);
	});
});

test("unknown fields beside tags, and tags that could reach a prototype, are named where they stand", () => {
	const input = JSON.parse('{"clusters": {"tags": {"__proto__": "a", "constructor": "b"}, "tag": 1}, "colour": 1}');

	expect(faultsOf(input)).toEqual(
		expect.arrayContaining([
			"/colour is not known",
			"/clusters/tag is not known",
			"/clusters/tags/__proto__ can't be used as a tag",
			"/clusters/tags/constructor can't be used as a tag",
		]),
	);
});
