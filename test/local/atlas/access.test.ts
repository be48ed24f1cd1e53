import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Role, startAtlas } from "../../../local/atlas/index.ts";
import { objectId } from "../../../local/atlas/state/projects.ts";
import { fullBucket, takeToken } from "../../../local/atlas/state/rate-limit.ts";
import { createCaller, manualClock, V } from "./caller.ts";

describe("media types", () => {
	test.each([
		["application/vnd.atlas.2023-01-01+json", 200],
		["application/vnd.atlas.2099-12-31+json", 200],
		["text/html, application/vnd.atlas.2025-03-12+json;q=0.5", 200],
		["application/vnd.atlas.2022-12-31+json", 406],
		["application/vnd.atlas.2025-13-99+json", 406],
		["application/json", 406],
		["*/*", 406],
	])("answers Accept: %s with %i", async (accept, status) => {
		await using atlas = await startAtlas();
		const { get } = await createCaller(atlas);
		const reply = await get("/groups", { accept });
		expect(reply.status).toBe(status);
		if (status === 200)
			expect(reply.headers.get("content-type")).toBe("application/vnd.atlas.2023-01-01+json;charset=utf-8");
		else expect(reply.json.errorCode).toBe("INVALID_VERSION_DATE");
	});

	test("wants Atlas's type of a body too", async () => {
		await using atlas = await startAtlas();
		const { call, snapshots } = await createCaller(atlas);
		const reply = await call("POST", snapshots("prod-a"), {}, { "content-type": "application/json" });
		expect(reply.status).toBe(415);
		expect(atlas.state.cluster(atlas.projectId, "prod-a").snapshots).toHaveLength(0);
	});

	test("says that a version is gone after its sunset, or where the settings say so", async () => {
		const clock = manualClock("2027-06-30T23:59:59Z");
		await using atlas = await startAtlas({ now: clock.now });
		const { get } = await createCaller(atlas);
		const old = () => get(`/groups/${atlas.projectId}/clusters`, { accept: "application/vnd.atlas.2023-02-01+json" });
		expect((await old()).status).toBe(200);
		clock.forward(1);
		const gone = await old();
		expect([gone.status, gone.json.errorCode]).toEqual([410, "VERSION_GONE"]);
		atlas.state.settings.goneVersions = ["2023-01-01"];
		expect((await get("/groups")).status).toBe(410);
	});
});

describe("roles", () => {
	test.each<[Role, number]>([
		["Project Read Only", 401],
		["Project Backup Creator", 200],
		["Project Backup Manager", 200],
		["Project Owner", 200],
	])("a %s reads, and gets %i for taking a snapshot", async (role, status) => {
		await using atlas = await startAtlas({ roles: [role] });
		const { take, get, snapshots } = await createCaller(atlas);
		const taken = await take("prod-a");
		expect(taken.status).toBe(status);
		expect((await get(snapshots("prod-a"))).status).toBe(200);
		if (status === 200) return;
		expect(taken.json.errorCode).toBe("USER_UNAUTHORIZED");
		expect(taken.headers.has("www-authenticate")).toBe(false);
	});

	test("may be other ones in one project", async () => {
		await using atlas = await startAtlas();
		const { take } = await createCaller(atlas);
		atlas.state.project(atlas.projectId).roles = [];
		expect((await take("prod-a")).json.errorCode).toBe("USER_UNAUTHORIZED");
	});
});

describe("the access list", () => {
	test("refuses the use of a token, not its minting, and names the address", async () => {
		await using atlas = await startAtlas({ settings: { accessList: ["10.0.0.0/8"] } });
		const { get } = await createCaller(atlas);
		const refused = await get("/groups");
		expect(refused.status).toBe(403);
		expect(refused.json).toMatchObject({
			detail: "IP address 127.0.0.1 is not allowed to access this resource.",
			errorCode: "IP_ADDRESS_NOT_ON_ACCESS_LIST",
			parameters: ["127.0.0.1"],
		});
		atlas.state.settings.clientAddress = "10.9.8.7";
		expect((await get("/groups")).status).toBe(200);
	});
});

describe("paths and methods", () => {
	test.each([
		["GET", "/nothing", 404, "RESOURCE_NOT_FOUND"],
		["GET", "/groups/%zz", 404, "RESOURCE_NOT_FOUND"],
		["PUT", "/groups", 405, "METHOD_NOT_ALLOWED"],
		["GET", "/groups/5f0a1b2c3d4e5f6071829311/clusters/-bad", 400, "INVALID_PATH_PARAMETER"],
		["GET", "/groups/5f0a1b2c3d4e5f6071829311/clusters/prod-a/backup/snapshots/xyz", 404, "INVALID_SNAPSHOT_ID"],
	])("answers %s %s with %i %s", async (method, path, status, errorCode) => {
		await using atlas = await startAtlas();
		const { call } = await createCaller(atlas);
		const reply = await call(method, path);
		expect([reply.status, reply.json.errorCode]).toEqual([status, errorCode]);
	});

	test("refuses writes while Atlas is upgraded, and reads on", async () => {
		await using atlas = await startAtlas({ settings: { upgrading: true } });
		const { take, get } = await createCaller(atlas);
		const refused = await take("prod-a");
		expect([refused.status, refused.json.errorCode]).toEqual([405, "WRITES_NOT_ALLOWED_DURING_APP_UPGRADES"]);
		expect((await get("/groups")).status).toBe(200);
	});
});

describe("the rate limit", () => {
	const backups = { capacity: 3, refillRate: 2, refillSeconds: 60 };

	test("is one bucket for all clusters of a project, shown on every reply", async () => {
		const clock = manualClock("2026-08-10T00:00:00Z");
		await using atlas = await startAtlas({ now: clock.now, settings: { buckets: { backups } } });
		const { get, snapshots } = await createCaller(atlas);
		const left: (string | null)[] = [];
		for (const name of ["prod-a", "prod-b", "prod-a"])
			left.push((await get(snapshots(name))).headers.get("ratelimit-remaining"));
		expect(left).toEqual(["2", "1", "0"]);
		clock.forward(5);
		const limited = await get(snapshots("prod-b"));
		expect(limited.status).toBe(429);
		const template = "api/atlas/v2/groups/{groupId}/clusters/{clusterName}/backup/snapshots";
		expect(limited.json).toEqual({
			detail: `Rate limit exceeded for ${template}. Please retry after 55 seconds. Request capacity: 3. Refill rate: 2 per 60 seconds.`,
			error: 429,
			errorCode: "RATE_LIMITED_TOKEN_BUCKET",
			parameters: [template, 55, 3, 2, 60],
			reason: "Too Many Requests",
		});
		expect(limited.headers.get("retry-after")).toBe("55");
		expect((await get("/groups/5f0a1b2c3d4e5f6071829312/clusters/stage/backup/snapshots")).status).toBe(200);
		clock.forward(55);
		expect((await get(snapshots("prod-b"))).headers.get("ratelimit-remaining")).toBe("1");
	});

	test("can be silent: then only the body has the wait", async () => {
		await using atlas = await startAtlas({
			settings: { buckets: { backups: { ...backups, capacity: 0 } }, rateLimitHeaders: false },
		});
		const { get, snapshots } = await createCaller(atlas);
		const { status, headers, json } = await get(snapshots("prod-a"));
		expect([status, headers.has("retry-after"), headers.has("ratelimit-limit")]).toEqual([429, false, false]);
		expect(json.parameters[1]).toBeGreaterThan(0);
	});

	test("refills at whole steps from its beginning, however late it is looked at", () => {
		const limit = { capacity: 1, refillRate: 1, refillSeconds: 10 };
		const bucket = fullBucket(limit, 0);
		const at = (second: number) => takeToken(bucket, limit, second * 1000).waitSeconds;
		expect([at(0), at(1), at(15), at(16), at(20)]).toEqual([0, 9, 0, 4, 0]);
	});

	test("never grants more than capacity and refills allow, and never after a wait that it named too short", () => {
		const limit = { capacity: 5, refillRate: 3, refillSeconds: 10 };
		fc.assert(
			fc.property(fc.array(fc.nat(9000), { maxLength: 60 }), (gaps) => {
				const bucket = fullBucket(limit, 0);
				let [now, granted] = [0, 0];
				for (const gap of gaps) {
					now += gap;
					const drawn = takeToken(bucket, limit, now);
					if (drawn.granted) granted += 1;
					else expect(takeToken({ ...bucket }, limit, now + drawn.waitSeconds * 1000).granted).toBe(true);
				}
				expect(granted).toBeLessThanOrEqual(5 + 3 * Math.floor(now / 10_000));
			}),
		);
	});
});

describe("object ids", () => {
	test("carry the second of their making and are never the same", () => {
		fc.assert(
			fc.property(fc.integer({ min: 0, max: 0xffffffff }), (second) => {
				const [one, two] = [objectId(second * 1000), objectId(second * 1000 + 999)];
				expect(one).toMatch(/^[a-f0-9]{24}$/);
				expect(two).not.toBe(one);
				for (const id of [one, two]) expect(Number.parseInt(id.slice(0, 8), 16)).toBe(second);
			}),
		);
	});
});

test("answers under the clock that it was given", async () => {
	await using atlas = await startAtlas({ now: () => Date.parse("2026-08-10T03:02:05Z") });
	const reply = await fetch(`${atlas.url}/api/atlas/v2/groups`, { headers: { accept: V } });
	expect(reply.headers.get("date")).toBe("Mon, 10 Aug 2026 03:02:05 GMT");
});
