import { describe, expect, test } from "vitest";
import { createCache, shareReads } from "../../lambda/executions/runs.ts";

describe("a look", () => {
	test("is shared while it is under way, and serves for as long as it is fresh", async () => {
		const time = { now: 0 };
		let looks = 0;
		const read = shareReads(
			async (key) => `${key}${++looks}`,
			() => 1000,
			() => time.now,
			10,
		);

		expect(await Promise.all([read("a"), read("a"), read("b")])).toEqual(["a1", "a1", "b2"]);
		time.now = 999;
		expect(await read("a")).toBe("a1");
		time.now = 1000;
		expect(await read("a")).toBe("a3");
	});

	test("that fails is told to those who waited, and done again for the next", async () => {
		let looks = 0;
		const read = shareReads(
			async () => {
				if (++looks === 1) throw new Error("once");
				return looks;
			},
			() => 1000,
			() => 0,
			10,
		);

		const first = await Promise.allSettled([read("a"), read("a")]);

		expect(first.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
		expect(await read("a")).toBe(2);
	});

	test("that found nothing worth keeping is done again", async () => {
		let looks = 0;
		const read = shareReads(
			async () => ++looks,
			() => 0,
			() => 0,
			10,
		);

		expect([await read("a"), await read("a")]).toEqual([1, 2]);
	});
});

test("a memory forgets the oldest entry first, and knows a renewed one as new", () => {
	const memory = createCache<number>(2);

	memory.set("a", 1);
	memory.set("b", 2);
	memory.set("a", 3);
	memory.set("c", 4);

	expect(["a", "b", "c"].map((key) => memory.get(key))).toEqual([3, undefined, 4]);
});
