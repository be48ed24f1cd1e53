import { describe, expect, test } from "vitest";
import { createCache, shareReads } from "../../lambda/executions/runs.ts";

describe("a read", () => {
	test("is shared while it is pending, and cached for its maximum age", async () => {
		const time = { now: 0 };
		let reads = 0;
		const read = shareReads(
			async (key) => `${key}${++reads}`,
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

	test("that fails rejects for all waiting callers, and is repeated for the next one", async () => {
		let reads = 0;
		const read = shareReads(
			async () => {
				if (++reads === 1) throw new Error("once");
				return reads;
			},
			() => 1000,
			() => 0,
			10,
		);

		const first = await Promise.allSettled([read("a"), read("a")]);

		expect(first.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
		expect(await read("a")).toBe(2);
	});

	test("with a maximum age of 0 is repeated", async () => {
		let reads = 0;
		const read = shareReads(
			async () => ++reads,
			() => 0,
			() => 0,
			10,
		);

		expect([await read("a"), await read("a")]).toEqual([1, 2]);
	});
});

test("a full cache drops the oldest entry; an entry that is set again is new", () => {
	const cache = createCache<number>(2);

	cache.set("a", 1);
	cache.set("b", 2);
	cache.set("a", 3);
	cache.set("c", 4);

	expect(["a", "b", "c"].map((key) => cache.get(key))).toEqual([3, undefined, 4]);
});
