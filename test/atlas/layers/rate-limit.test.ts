import { describe, expect, test } from "vitest";
import { limitRate } from "../../../lambda/atlas/layers/rate-limit.ts";
import type { AtlasReply, AtlasRequest } from "../../../lambda/atlas/request.ts";
import { faultOf, REQUEST, startAtlasClient } from "../../harness/atlas-client.ts";

const backup = (projectId = "p"): AtlasRequest => ({
	method: "POST",
	target: `/api/atlas/v2/groups/${projectId}/clusters/a/backup/snapshots`,
	projectId,
	headers: {},
});
const cluster: AtlasRequest = {
	method: "GET",
	target: "/api/atlas/v2/groups/p/clusters/a",
	projectId: "p",
	headers: {},
};
const good = (left?: number, limit = 1200): AtlasReply => ({
	status: 200,
	headers: left === undefined ? {} : { "ratelimit-limit": String(limit), "ratelimit-remaining": String(left) },
	body: "{}",
});
const limited = (headers: Record<string, string> = {}): AtlasReply => ({ status: 429, headers, body: "{}" });

/** The layer over a list of replies, on a clock that only waits move. */
function limitedTo(...script: AtlasReply[]) {
	const state = { now: 1_000_000, waited: 0, sent: 0 };
	const send = limitRate(
		() => state.now,
		async (milliseconds) => {
			state.now += milliseconds;
			state.waited += milliseconds;
		},
	)(async () => {
		state.sent += 1;
		return script.shift() ?? good();
	});
	return { state, send };
}

test("a challenge does not reduce the remaining count", async () => {
	const { state, send } = limitedTo(
		good(3, 20),
		{ status: 401, headers: {}, body: "" },
		{ status: 401, headers: {}, body: "" },
	);
	for (let calls = 0; calls < 4; calls++) await send(backup());

	expect(state).toMatchObject({ sent: 4, waited: 0 });
});

describe("after a 429", () => {
	test("nothing is sent for the project until Retry-After has passed, to the second", async () => {
		const { state, send } = limitedTo(limited({ "retry-after": "55" }));
		await send(backup());

		const fault = await faultOf(send(backup()));
		state.now += 51_999;
		await faultOf(send(backup()));
		expect(state.sent).toBe(1);
		state.now += 1;
		await send(backup());

		expect(fault).toMatchObject({
			code: "ATLAS_RATE_LIMITED",
			executed: "no",
			blame: "transient",
			retryAfterSeconds: 55,
		});
		expect(state.sent).toBe(2);
		expect(state.waited).toBe(3_000);
	});

	test("requests of other projects and endpoints are sent", async () => {
		const { state, send } = limitedTo(limited({ "retry-after": "55" }));
		await send(backup());

		await send(backup("q"));
		await send(cluster);

		expect(state.sent).toBe(3);
	});

	test("a hundred targets get retry times over many seconds", async () => {
		const { send } = limitedTo(limited({ "retry-after": "55" }));
		await send(backup());

		const faults = await Promise.all(Array.from({ length: 100 }, () => faultOf(send(backup()))));
		const seconds = faults.map(({ retryAfterSeconds = 0 }) => retryAfterSeconds);

		expect(Math.min(...seconds)).toBe(55);
		expect(new Set(seconds).size).toBe(25);
		expect(seconds.filter((second) => second === 55)).toHaveLength(4);
	});

	test("without Retry-After, nothing is sent for 10, 20, then 40 seconds", async () => {
		const { state, send } = limitedTo(limited(), limited(), limited(), limited());
		const waits: (number | undefined)[] = [];
		for (let i = 0; i < 4; i++) {
			await send(backup());
			waits.push((await faultOf(send(backup()))).retryAfterSeconds);
			state.now += 60_000;
		}

		expect(waits).toEqual([10, 20, 40, 40]);
	});

	test("refusals of concurrent requests count once", async () => {
		const { send } = limitedTo(limited(), limited(), limited());
		await Promise.all([send(backup()), send(backup()), send(backup())]);

		expect((await faultOf(send(backup()))).retryAfterSeconds).toBe(10);
	});

	test("Retry-After of a 503 is honoured as well", async () => {
		const { send } = limitedTo({ status: 503, headers: { "retry-after": "30" }, body: "" });
		await send(backup());

		expect((await faultOf(send(backup()))).retryAfterSeconds).toBe(30);
	});
});

test("promise 6: repeated refusals with a short wait or none back off: 10, 20, 40 seconds", async () => {
	for (const field of ["1", "0"]) {
		const { state, send } = limitedTo(...Array.from({ length: 4 }, () => limited({ "retry-after": field })));
		const waits: (number | undefined)[] = [];
		for (let i = 0; i < 4; i++) {
			await send(backup());
			state.now -= 3_000;
			waits.push(
				await send(backup()).then(
					() => 1,
					(error: { fault: { retryAfterSeconds: number } }) => error.fault.retryAfterSeconds - 3,
				),
			);
			state.now += 60_000;
		}
		expect(waits.slice(1)).toEqual(field === "0" ? [20, 40, 40] : [10, 20, 40]);
	}
});

test("until a reply holds a count, ten requests are in flight, and each end lets another pass", async () => {
	const inFlight: ((reply: AtlasReply) => void)[] = [];
	const send = limitRate(
		() => 0,
		async () => {},
	)(() => new Promise((resolve) => inFlight.push(resolve)));
	const all = Promise.all(Array.from({ length: 30 }, () => send(backup())));
	await new Promise(setImmediate);
	expect(inFlight).toHaveLength(10);
	inFlight[0]?.(good());
	await new Promise(setImmediate);
	expect(inFlight).toHaveLength(11);
	inFlight[1]?.(good(1000));
	await new Promise(setImmediate);
	expect(inFlight).toHaveLength(30);
	for (const end of inFlight) end(good(900));
	await all;
});

describe("before a refusal", () => {
	test("requests slow down when few are left", async () => {
		const plenty = limitedTo(good(600));
		const few = limitedTo(good(100));
		for (const { send } of [plenty, few]) {
			await send(backup());
			await send(backup());
		}

		expect(plenty.state.waited).toBe(0);
		expect(few.state.waited).toBe(200);
	});

	test("a request that would have to wait long is refused, so that the run waits without compute", async () => {
		const { state, send } = limitedTo(good(1));
		await send(backup());

		expect(await faultOf(send(backup()))).toMatchObject({ code: "ATLAS_RATE_LIMITED", retryAfterSeconds: 20 });
		state.now += 20_000;
		await send(backup());

		expect(state.sent).toBe(2);
	});

	test("an old count delays nothing, nor does one without a limit", async () => {
		const old = limitedTo(good(0));
		await old.send(backup());
		old.state.now += 60_000;
		await old.send(backup());
		const half = limitedTo({ ...good(), headers: { "ratelimit-remaining": "0" } });
		await half.send(backup());
		await half.send(backup());

		expect([old.state.waited, half.state.waited]).toEqual([0, 0]);
	});

	test("80 targets share a bucket of 60 without a 429", async () => {
		const clusters = Array.from({ length: 80 }, (_, i) => `c${i}`);
		await using r = await startAtlasClient("digest", {
			projects: [{ clusters }],
			settings: { buckets: { backups: { capacity: 60, refillRate: 60, refillSeconds: 60 } } },
		});
		let taken = 0;
		for (const target of r.targets) {
			for (let done = false; !done; ) {
				done = await r.atlas.takeSnapshot(target, REQUEST).then(
					() => true,
					(error: { fault: { retryAfterSeconds: number } }) => {
						r.simulator.state.advance(error.fault.retryAfterSeconds);
						return false;
					},
				);
			}
			taken += 1;
		}

		expect(taken).toBe(80);
		expect(r.simulator.log.filter(({ status }) => status === 429)).toHaveLength(0);
	});
});
