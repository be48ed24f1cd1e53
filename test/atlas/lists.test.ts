import { expect, test } from "vitest";
import { createKnownSecrets } from "../../lambda/atlas/layers/known-secrets.ts";
import type { JsonRequests } from "../../lambda/atlas/resources/requests.ts";
import { readPages } from "../../lambda/atlas/resources/requests.ts";
import { createSnapshots } from "../../lambda/atlas/resources/snapshots.ts";
import { AtlasError } from "../../lambda/domain/errors.ts";
import { SnapshotSchema } from "../../lambda/domain/snapshot.ts";
import { faultOf } from "../harness/atlas-client.ts";

const id = (n: number) => n.toString(16).padStart(24, "0");
const items = (from: number, count: number) =>
	Array.from({ length: count }, (_, i) => ({ id: id(from + i), status: "completed" }));
const refused = (status: number, code: "ATLAS_NOT_FOUND" | "ATLAS_FAULT" | "ATLAS_UNREADABLE" | "ATLAS_BAD_REQUEST") =>
	new AtlasError({ code, status, blame: "user", executed: "no" }, "refused");

/** Requests whose replies depend on path and page. */
const replying = (replyTo: (path: string, page: number) => unknown): JsonRequests => ({
	async get(_schema, { path }, query) {
		const result = replyTo(path, Number(query?.["pageNum"] ?? 0));
		if (result instanceof Error) throw result;
		return result as never;
	},
	period: () => ({ startedAt: 0, endsAt: 60_000 }),
	post: () => Promise.reject(new Error("no POST is expected")),
});
const target = { projectId: "p", clusterName: "c" };
const listing = (plain: unknown, sharded: unknown, clusterType?: string) =>
	createSnapshots(
		replying((path) => {
			if (path.endsWith("/clusters/c")) return { name: "c", clusterType };
			return path.endsWith("shardedClusters") ? sharded : plain;
		}),
		createKnownSecrets(),
	).listSnapshots(target);
const page = (...results: unknown[]) => ({ results: results.flat(), links: [] });

test("a list ends at a short page, not at its estimated count", async () => {
	const requestedPages: number[] = [];
	const requests = replying((_path, pageNum) => {
		requestedPages.push(pageNum);
		return { ...page(items(pageNum * 1000, pageNum === 3 ? 499 : 500)), totalCount: 1 };
	});

	expect(await readPages(requests, SnapshotSchema, { path: "/x" })).toHaveLength(1499);
	expect(requestedPages).toEqual([1, 2, 3]);
});

test("a list continues after a short page with a next link, and ends at an empty page in any case", async () => {
	const next = [{ rel: "self" }, { rel: "next" }];
	const requests = replying((_path, pageNum) => ({
		results: items(pageNum * 1000, pageNum < 3 ? 37 : 0),
		links: next,
	}));

	expect(await readPages(requests, SnapshotSchema, { path: "/x" })).toHaveLength(74);
});

test("both lists are merged, each snapshot once", async () => {
	const listed = await listing(page(items(1, 3)), page(items(3, 3)));

	expect(listed.map((snapshot) => snapshot.id)).toEqual([1, 2, 3, 4, 5].map(id));
});

test.each([400, 404])("a list that fails with %i is empty only if the cluster is of the other kind", async (status) => {
	const other = refused(status, "ATLAS_NOT_FOUND");

	expect(await listing(page(items(1, 2)), other, "REPLICASET")).toHaveLength(2);
	expect(await listing(other, page(items(1, 2)), "SHARDED")).toHaveLength(2);
	expect(await faultOf(listing(page(), other, "SHARDED"))).toMatchObject({ status });
	expect(await faultOf(listing(other, page(), "REPLICASET"))).toMatchObject({ status });
	expect(await faultOf(listing(page(), other))).toMatchObject({ status });
});

test("two lists that fail with 404 mean that there is no such cluster", async () => {
	const fault = await faultOf(listing(refused(404, "ATLAS_NOT_FOUND"), refused(400, "ATLAS_BAD_REQUEST")));

	expect(fault.status).toBe(404);
});

test("a list that can't be read does not count as empty", async () => {
	expect((await faultOf(listing(page(), refused(500, "ATLAS_FAULT")))).status).toBe(500);
	expect((await faultOf(listing(refused(500, "ATLAS_FAULT"), page()))).status).toBe(500);
	expect((await faultOf(listing(refused(404, "ATLAS_NOT_FOUND"), refused(500, "ATLAS_FAULT")))).status).toBe(500);
	expect((await faultOf(listing(page(), refused(404, "ATLAS_UNREADABLE")))).status).toBe(404);
});
