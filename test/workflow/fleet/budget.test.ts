import { afterEach, describe, expect, test } from "vitest";
import { limitRate } from "../../../lambda/atlas/layers/rate-limit.ts";
import type { AtlasReply, AtlasRequest } from "../../../lambda/atlas/request.ts";
import { type Harness, startHarness } from "../../harness/harness.ts";

let harness: Harness | undefined;
afterEach(async () => {
	await harness?.[Symbol.asyncDispose]();
	harness = undefined;
});

const throttled = () => (harness?.atlas.log ?? []).filter(({ status }) => status === 429).length;

test.each(["digest", "oauth"] as const)(
	"30 clusters against a bucket of 20 with 6 a second all complete, with at most ten refusals, over %s",
	async (auth) => {
		const clusters = Array.from({ length: 30 }, (_, i) => `c${i}`);
		const open = await startHarness({
			auth,
			env: { FIRST_POLL_SECONDS: "15" },
			atlas: {
				projects: [{ clusters }],
				settings: { buckets: { backups: { capacity: 20, refillRate: 6, refillSeconds: 1 } } },
			},
		});
		harness = open;

		const { status, result } = await open.runRequest({ clusters });

		expect(status).toBe("SUCCEEDED");
		expect(result.targets.map(({ state }) => state)).toEqual(clusters.map(() => "COMPLETED"));
		expect(open.atlas.log.filter(({ kind, status: code }) => kind === "take" && code === 200)).toHaveLength(30);
		expect(throttled()).toBeLessThanOrEqual(10);
	},
);

describe("the budget of a project, when calls are made together", () => {
	const call: AtlasRequest = {
		method: "GET",
		target: "/api/atlas/v2/groups/p/clusters/a/backup/snapshots",
		projectId: "p",
		headers: {},
	};
	const counted = (left: number): AtlasReply => ({
		status: 200,
		headers: { "ratelimit-limit": "20", "ratelimit-remaining": String(left) },
		body: "{}",
	});
	/** A budget whose replies the test gives, on a clock that waits move. */
	const paced = () => {
		const state = { now: 1_000_000 };
		const open: ((reply: AtlasReply) => void)[] = [];
		const wait = async (milliseconds: number) => {
			state.now += milliseconds;
		};
		const send = limitRate(() => state.now, wait)(() => new Promise((resolve) => open.push(resolve)));
		return { state, open, send };
	};
	const settled = () => new Promise((resolve) => setImmediate(resolve));

	test("counts those that are on their way as spent: a reply tells of what Atlas had seen till then", async () => {
		const { open, send } = paced();
		const first = Array.from({ length: 4 }, () => send(call));
		open[0]?.(counted(4));
		await first[0];

		// Four left, three on their way: that is one, under a tenth of the bucket.
		await expect(send(call)).rejects.toMatchObject({ name: "ATLAS_RATE_LIMITED" });
		for (const reply of open.slice(1)) reply(counted(10));
		await Promise.all(first);

		const next = send(call);
		open.at(-1)?.(counted(9));
		await expect(next).resolves.toMatchObject({ status: 200 });
	});

	test("lets those that a hold kept waiting go one by one, until a reply says how many may", async () => {
		const { state, open, send } = paced();
		const limited = send(call);
		open[0]?.({ status: 429, headers: { "retry-after": "1" }, body: "{}" });
		await limited;
		const heldAt = state.now;

		const waiting = Array.from({ length: 3 }, () => send(call).then(() => state.now - heldAt));
		await settled();
		expect(open).toHaveLength(1 + 3);
		expect(state.now - heldAt).toBeGreaterThanOrEqual(1000 + 2 * 250);
		for (const reply of open.slice(1)) reply(counted(10));
		await Promise.all(waiting);
	});
});
