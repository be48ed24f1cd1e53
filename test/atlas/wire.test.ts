import { describe, expect, test } from "vitest";
import type { Snapshot } from "../../lambda/domain/snapshot.ts";
import type { AtlasSimulator } from "../../local/atlas/index.ts";
import {
	type AtlasClientHarness,
	failureOf,
	faultOf,
	REQUEST,
	SCHEMES,
	startAtlasClient,
} from "../harness/atlas-client.ts";

const kindsOf = (log: AtlasSimulator["log"]) => log.map(({ kind, status }) => `${kind} ${status}`);
const countChallengesAndTokens = (log: AtlasSimulator["log"]) =>
	log.filter(({ kind }) => kind === "challenge" || kind === "token").length;
const countTaken = ({ simulator }: AtlasClientHarness) =>
	simulator.log.filter(({ kind, executed }) => kind === "take" && executed).length;

const replaceKeys = ({ simulator }: AtlasClientHarness) => {
	simulator.state.rotateKeys();
	simulator.state.retireOldKeys();
};

describe.each(SCHEMES)("over %s", (scheme) => {
	test("takes a snapshot, follows it to its end and finds it in the list", async () => {
		await using r = await startAtlasClient(scheme, { snapshotSeconds: 160 });

		const queued = await r.atlas.takeSnapshot(r.target, REQUEST);
		r.simulator.state.advance(30);
		const running = await r.atlas.readSnapshot(r.target, queued.id);
		r.simulator.state.advance(180);
		const completed = await r.atlas.readSnapshot(r.target, queued.id);

		expect(queued).toMatchObject({ status: "queued", description: REQUEST.description, frequencyType: "ondemand" });
		expect(queued.createdAt).toBeUndefined();
		expect(running.status).toBe("inProgress");
		expect(completed).toMatchObject({ id: queued.id, status: "completed", replicaSetName: r.target.clusterName });
		expect((await r.atlas.listSnapshots(r.target)).map(({ id }) => id)).toContain(queued.id);
	});

	test("takes, reads and lists a sharded cluster's snapshot the same way, members and all", async () => {
		await using r = await startAtlasClient(scheme, {
			projects: [{ clusters: [{ name: "events", kind: "sharded" }] }],
		});

		const { id } = await r.atlas.takeSnapshot(r.target, REQUEST);
		r.simulator.state.advance(60);
		const read = await r.atlas.readSnapshot(r.target, id);
		const [listed] = await r.atlas.listSnapshots(r.target);

		expect(read).toMatchObject({ id, type: "shardedCluster" });
		expect(listed).toMatchObject({ id, type: "shardedCluster" });
		expect(listed?.["snapshotIds"]).toBeInstanceOf(Array);
		expect(listed?.["members"]).toBeInstanceOf(Array);
	});

	test("uses one challenge or token for fifty concurrent first requests", async () => {
		await using r = await startAtlasClient(scheme);

		const all = await Promise.all(Array.from({ length: 50 }, () => r.atlas.readCluster(r.target)));

		expect(all).toHaveLength(50);
		expect(countChallengesAndTokens(r.simulator.log)).toBe(1);
		expect(r.simulator.log.filter(({ status }) => status !== 200).length).toBe(scheme === "digest" ? 1 : 0);
	});

	test("continues after Atlas has ended its nonce or token early", async () => {
		const frozen = Date.now();
		await using r = await startAtlasClient(scheme, {}, { now: () => frozen });
		await r.atlas.readCluster(r.target);
		const before = r.simulator.log.length;
		r.simulator.state.advance(61);
		r.simulator.state.credentials.tokens.clear();

		await r.atlas.takeSnapshot(r.target, REQUEST);

		expect(kindsOf(r.simulator.log.slice(before))).toEqual(
			scheme === "digest" ? ["take 401", "take 200"] : ["take 401", "token 200", "take 200"],
		);
		expect(countTaken(r)).toBe(1);
		expect(r.reads.count).toBe(0);
	});

	test("continues with keys that are rotated between request and poll, and between polls", async () => {
		await using r = await startAtlasClient(scheme);
		const { id } = await r.atlas.takeSnapshot(r.target, REQUEST);

		for (const poll of [1, 2]) {
			replaceKeys(r);
			expect((await r.atlas.readSnapshot(r.target, id)).id).toBe(id);
			expect(r.reads.count).toBe(poll);
		}
	});

	test("continues with keys that are rotated again while the secret is read", async () => {
		await using r = await startAtlasClient(scheme);
		await r.atlas.readCluster(r.target);
		replaceKeys(r);
		let again = true;
		r.simulator.faults.actionsFor = (kind) => {
			if (kind === "cluster" && r.reads.count === 1 && again) {
				again = false;
				replaceKeys(r);
			}
			return [];
		};

		expect((await r.atlas.readCluster(r.target)).name).toBe(r.target.clusterName);
		expect(r.reads.count).toBe(2);
	});

	test("reads the secret once when keys are rotated under fifty concurrent requests", async () => {
		await using r = await startAtlasClient(scheme);
		await r.atlas.readCluster(r.target);
		replaceKeys(r);

		await Promise.all(Array.from({ length: 50 }, () => r.atlas.readCluster(r.target)));

		expect(r.reads.count).toBe(1);
	});

	test("takes one snapshot, although its first request had the old keys", async () => {
		await using r = await startAtlasClient(scheme);
		await r.atlas.readCluster(r.target);
		replaceKeys(r);

		await r.atlas.takeSnapshot(r.target, REQUEST);

		expect(countTaken(r)).toBe(1);
	});

	test("does not repeat a POST that was refused so late that its snapshot may have ended", async () => {
		await using r = await startAtlasClient(scheme);
		await r.atlas.readCluster(r.target);
		r.simulator.faults.actionsFor = (kind) => {
			if (kind !== "take") return [];
			r.simulator.state.advance(61);
			return [{ type: "status", status: 401, executed: true }];
		};

		const fault = await faultOf(r.atlas.takeSnapshot(r.target, REQUEST));

		expect(fault).toMatchObject({ code: "ATLAS_NO_REPLY", executed: "unknown", blame: "transient" });
		expect(kindsOf(r.simulator.log).filter((kind) => kind.startsWith("take"))).toHaveLength(1);
	});

	test("fails with wrong keys after reading the secret again once", async () => {
		await using r = await startAtlasClient(scheme);
		r.simulator.state.credentials.apiKeys.clear();
		r.simulator.state.credentials.serviceAccounts.clear();

		const { fault, message } = await failureOf(r.atlas.takeSnapshot(r.target, REQUEST));

		expect(fault).toMatchObject({ code: "ATLAS_KEY_REFUSED", status: 401, blame: "user" });
		expect(message).toContain("secret");
		expect(r.reads.count).toBe(1);
		expect(r.simulator.log.length).toBeLessThanOrEqual(scheme === "digest" ? 4 : 2);
		expect(countTaken(r)).toBe(0);
	});

	test("distinguishes a wrong key from a missing role and a foreign project, without a second request", async () => {
		await using r = await startAtlasClient(scheme, { roles: [] });
		await using foreign = await startAtlasClient(scheme);
		const other = [...foreign.simulator.state.projects.values()].find(({ name }) => name === "neighbour");

		const role = await failureOf(r.atlas.takeSnapshot(r.target, REQUEST));
		const project = await failureOf(foreign.atlas.listClusters(other?.id ?? ""));

		expect(role.fault).toMatchObject({ code: "ATLAS_ROLE_MISSING", errorCode: "USER_UNAUTHORIZED" });
		expect(role.message).toContain("Project Backup Creator");
		expect(project.fault.code).toBe("ATLAS_PROJECT_FOREIGN");
		expect(r.reads.count + foreign.reads.count).toBe(0);
		expect(r.simulator.log).toHaveLength(2);
	});

	test("reports the address that is not on the access list, and requests no token after a 403", async () => {
		await using r = await startAtlasClient(scheme, {
			settings: { accessList: ["10.0.0.0/8"], clientAddress: "203.0.113.7" },
		});

		const { fault, message } = await failureOf(r.atlas.takeSnapshot(r.target, REQUEST));

		expect(fault).toMatchObject({ code: "ATLAS_ADDRESS_REFUSED", status: 403, blame: "user", executed: "unknown" });
		expect(message).toContain("203.0.113.7");
		expect(message).toContain("API access list");
		expect(countChallengesAndTokens(r.simulator.log)).toBe(1);
	});

	test("repeats a read whose connection broke, but no snapshot request", async () => {
		await using r = await startAtlasClient(scheme);
		await r.atlas.readCluster(r.target);
		r.simulator.faults.add({ on: { kind: "cluster" }, do: { type: "drop", when: "after" } });
		r.simulator.faults.add({ on: { kind: "take" }, do: { type: "drop", when: "after" } });

		await r.atlas.readCluster(r.target);
		const fault = await faultOf(r.atlas.takeSnapshot(r.target, REQUEST));

		expect(fault).toEqual({ code: "ATLAS_NO_REPLY", blame: "transient", executed: "unknown" });
		expect(r.simulator.log.filter(({ kind }) => kind === "take")).toHaveLength(1);
		expect(r.simulator.log.filter(({ kind }) => kind === "cluster")).toHaveLength(3);
	});

	test("does not read the secret again when it repeats the first read", async () => {
		await using r = await startAtlasClient(scheme);
		r.simulator.faults.add({ on: { kind: "cluster" }, do: { type: "drop", when: "after" } });

		expect((await r.atlas.readCluster(r.target)).name).toBe(r.target.clusterName);
		expect(r.reads.count).toBe(0);
	});

	test("takes a snapshot after the server has closed idle connections", async () => {
		await using r = await startAtlasClient(scheme);
		await r.atlas.readCluster(r.target);
		r.simulator.closeIdleConnections();

		const { status } = await r.atlas.readCluster(r.target).then(() => r.atlas.takeSnapshot(r.target, REQUEST));

		expect(status).toBe("queued");
		expect(countTaken(r)).toBe(1);
	});

	test.each([
		["cut", { type: "cut", bytes: 20 }],
		["garbled", { type: "garbage" }],
		["a proxy's page", { type: "html", executed: true }],
		["a 500", { type: "status", status: 500, errorCode: "UNEXPECTED_ERROR", executed: true }],
	] as const)("does not know whether the snapshot was taken if the reply is %s", async (_name, action) => {
		await using r = await startAtlasClient(scheme);
		r.simulator.faults.add({ on: { kind: "take" }, do: action });

		const fault = await faultOf(r.atlas.takeSnapshot(r.target, REQUEST));

		expect(fault).toMatchObject({ blame: "transient", executed: "unknown" });
		expect(countTaken(r)).toBe(1);
	});

	test("knows that nothing was taken if the challenge or token request fails", async () => {
		await using r = await startAtlasClient(scheme);
		const kind = scheme === "digest" ? "challenge" : "token";
		r.simulator.faults.add({ on: { kind, times: "always" }, do: { type: "drop", when: "after" } });

		const fault = await faultOf(r.atlas.takeSnapshot(r.target, REQUEST));

		expect(fault).toMatchObject({ code: "ATLAS_NO_REPLY", executed: "no" });
		expect(r.simulator.log.filter(({ kind }) => kind === "take")).toHaveLength(0);
	});

	test("reads 37 snapshots over pages of ten, each once", async () => {
		await using r = await startAtlasClient(scheme, { settings: { itemsPerPageCap: 10 } });
		const ids: string[] = [];
		for (let i = 0; i < 37; i++) {
			ids.push((await r.atlas.takeSnapshot(r.target, REQUEST)).id);
			r.simulator.state.advance(600);
		}
		const before = r.simulator.log.length;

		const listed = await r.atlas.listSnapshots(r.target);

		expect(listed.map(({ id }: Snapshot) => id).sort()).toEqual(ids.sort());
		expect(kindsOf(r.simulator.log.slice(before)).filter((line) => line === "list 200")).toHaveLength(4);
	});

	test.each(["content", "envelope"] as const)("reads enveloped, indented replies by key %s", async (key) => {
		await using r = await startAtlasClient(
			scheme,
			{ settings: { envelopeKey: key } },
			{ envelope: true, pretty: true },
		);

		const { id, status } = await r.atlas.takeSnapshot(r.target, REQUEST);
		const clash = await faultOf(r.atlas.takeSnapshot(r.target, REQUEST));

		expect(status).toBe("queued");
		expect((await r.atlas.listSnapshots(r.target)).map((snapshot) => snapshot.id)).toEqual([id]);
		expect((await r.atlas.listProjects()).length).toBeGreaterThan(0);
		expect(clash).toMatchObject({ code: "ATLAS_SNAPSHOT_RUNNING", status: 400 });
		expect(r.simulator.log.at(-1)?.query).toContain("envelope=true&pretty=true");
	});

	test("returns a long Retry-After of the challenge or token request, and sends nothing until then", async () => {
		await using r = await startAtlasClient(scheme);
		const kind = scheme === "digest" ? "challenge" : "token";
		const limited = (retryAfter: number) => ({ type: "status", status: 429, retryAfter }) as const;
		r.simulator.faults.add({ on: { kind }, do: limited(40) });

		const fault = await faultOf(r.atlas.takeSnapshot(r.target, REQUEST));
		const again = await faultOf(r.atlas.takeSnapshot(r.target, REQUEST));

		expect(fault).toMatchObject({ code: "ATLAS_RATE_LIMITED", executed: "no", retryAfterSeconds: 40 });
		expect(again).toMatchObject({ code: "ATLAS_RATE_LIMITED", executed: "no" });
		expect(r.simulator.log).toHaveLength(1);
		r.simulator.state.advance(41);
		expect((await r.atlas.takeSnapshot(r.target, REQUEST)).status).toBe("queued");
	});
});

describe("digest alone", () => {
	test("calls that share a failed challenge each report their own cluster", async () => {
		await using r = await startAtlasClient("digest");
		r.simulator.faults.add({ on: { kind: "challenge", times: "always" }, do: { type: "status", status: 503 } });

		const errors = await Promise.all(r.targets.map((target) => failureOf(r.atlas.takeSnapshot(target, REQUEST))));

		expect(errors.map(({ message }) => message.split(" of ")[0])).toEqual(
			r.targets.map(({ clusterName }) => `cluster ${clusterName}`),
		);
	});

	test("answers SHA-256 where Atlas offers it first", async () => {
		await using r = await startAtlasClient("digest", { settings: { digestAlgorithms: ["SHA-256", "MD5"] } });

		expect((await r.atlas.takeSnapshot(r.target, REQUEST)).status).toBe("queued");
	});

	test("does not blame the keys while Atlas calls every nonce stale", async () => {
		await using r = await startAtlasClient("digest", { settings: { nonceSeconds: -1 } });

		const fault = await faultOf(r.atlas.takeSnapshot(r.target, REQUEST));

		expect(fault).toMatchObject({ code: "ATLAS_FAULT", blame: "transient", executed: "unknown" });
		expect(kindsOf(r.simulator.log)).toEqual(["challenge 401", "take 401", "take 401", "take 401"]);
		expect(r.reads.count).toBe(0);
	});

	test("uses a challenge for 40 seconds", async () => {
		await using r = await startAtlasClient("digest");
		for (const seconds of [0, 39, 2, 39]) {
			r.simulator.state.advance(seconds);
			await r.atlas.readCluster(r.target);
		}

		expect(countChallengesAndTokens(r.simulator.log)).toBe(2);
		expect(r.simulator.log.filter(({ status }) => status === 401)).toHaveLength(2);
	});

	test("sends exactly the query that it signs", async () => {
		await using r = await startAtlasClient("digest", {}, { pretty: true });

		await r.atlas.listClusters(r.target.projectId);

		expect(kindsOf(r.simulator.log)).toEqual(["challenge 401", "clusters 200"]);
	});
});

describe("OAuth alone", () => {
	test("renews a token at two thirds of its life", async () => {
		await using r = await startAtlasClient("oauth");
		for (const seconds of [0, 2399, 2]) {
			r.simulator.state.advance(seconds);
			await r.atlas.readCluster(r.target);
		}

		expect(kindsOf(r.simulator.log)).toEqual(["token 200", "cluster 200", "cluster 200", "token 200", "cluster 200"]);
	});

	test("uses the old token while renewing fails, until it expires", async () => {
		await using r = await startAtlasClient("oauth");
		await r.atlas.readCluster(r.target);
		const broken = r.simulator.faults.add({
			on: { kind: "token", times: "always" },
			do: { type: "status", status: 500 },
		});
		r.simulator.state.advance(2500);
		await r.atlas.readCluster(r.target);
		await r.atlas.readCluster(r.target);
		expect(broken.fired).toBe(1);
		r.simulator.state.advance(1200);

		expect((await faultOf(r.atlas.readCluster(r.target))).code).toBe("ATLAS_FAULT");
	});

	test.each(["rfc6749", "apiError"] as const)("reads the token endpoint's error in the style of %s", async (style) => {
		await using r = await startAtlasClient("oauth", { settings: { tokenErrorStyle: style } });
		r.simulator.state.credentials.serviceAccounts.clear();

		expect((await faultOf(r.atlas.readCluster(r.target))).code).toBe("ATLAS_KEY_REFUSED");
	});

	test("waits in the process for a short Retry-After of the token endpoint", async () => {
		// Only waits move this clock.
		await using r = await startAtlasClient("oauth", { now: () => 0 });
		r.simulator.faults.add({ on: { kind: "token" }, do: { type: "status", status: 503, retryAfter: 2 } });

		expect((await r.atlas.takeSnapshot(r.target, REQUEST)).status).toBe("queued");
		expect(r.waits).toEqual([2000]);
	});
});
