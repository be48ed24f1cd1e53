import fc from "fast-check";
import { expect, test } from "vitest";
import { handleApiRequest, routeOf } from "../../../local/atlas/api/handle-request.ts";
import { readApiRequest } from "../../../local/atlas/api/request.ts";
import { handleTokenRequest } from "../../../local/atlas/api/token.ts";
import { issueToken } from "../../../local/atlas/state/credentials.ts";
import { createState } from "../../../local/atlas/state/state.ts";
import { API, V } from "./caller.ts";

const PROJECT = "5f0a1b2c3d4e5f6071829311";
const piece = fc.oneof(
	fc.constantFrom(
		"groups",
		PROJECT,
		"clusters",
		"prod-a",
		"events",
		"backup",
		"snapshots",
		"flexClusters",
		"rateLimits",
	),
	fc.constantFrom("shardedClusters", "shardedCluster", "schedule", "backupCompliancePolicy", "%zz", "..", ""),
	fc.string(),
);
const known = fc.constantFrom(
	`/groups/${PROJECT}/clusters/events/backup/snapshots`,
	`/groups/${PROJECT}/clusters/prod-a/backup/snapshots/${PROJECT}`,
	`/groups/${PROJECT}/clusters`,
);
const path = fc.oneof(
	known,
	fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join("/")}`),
);
const query = fc.oneof(fc.constantFrom("", "envelope=true", "itemsPerPage=2&pageNum=9", "pretty=true"), fc.string());
const body = fc.oneof(
	fc.string(),
	fc.json(),
	fc.record({ description: fc.jsonValue(), retentionInDays: fc.jsonValue() }).map((one) => JSON.stringify(one)),
);
const method = fc.constantFrom("GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "BREW");

test("every request gets a well-formed reply below status 500", () => {
	const world = createState({ roles: ["Project Owner"] });
	world.settings.buckets.backups = { capacity: 1e9, refillRate: 1, refillSeconds: 1 };
	const keys = world.credentials.current;
	const token = issueToken(world.credentials, keys, world.settings, world.now()) ?? "";
	const authorization = fc.oneof(
		{ weight: 4, arbitrary: fc.constant(`Bearer ${token}`) },
		fc.string().map((text) => `Digest ${text}`),
		fc.string(),
	);
	fc.assert(
		fc.property(method, path, query, body, authorization, (verb, where, search, text, login) => {
			const headers = { authorization: login, accept: V, "content-type": V };
			const exchange = readApiRequest({
				method: verb,
				target: `${API}${where}?${search}`,
				headers,
				body: text,
				address: "127.0.0.1",
				port: 1,
			});
			const reply = handleApiRequest(world, new Map(), routeOf(verb, exchange.path), exchange);
			expect(reply.status).toBeGreaterThanOrEqual(200);
			expect(reply.status).toBeLessThan(500);
			if (reply.status !== 204) expect(JSON.parse(reply.body)).toBeTypeOf("object");
		}),
		{ numRuns: 500 },
	);
});

test("no token is issued without the client's own id and secret", () => {
	const world = createState();
	world.settings.tokensPerMinute = 1e9;
	fc.assert(
		fc.property(fc.string(), fc.string(), (login, text) => {
			const headers = { authorization: login, "content-type": "application/x-www-form-urlencoded" };
			const reply = handleTokenRequest(
				world,
				new Map(),
				readApiRequest({
					method: "POST",
					target: "/api/oauth/token",
					headers,
					body: text,
					address: "127.0.0.1",
					port: 1,
				}),
			);
			expect(reply.executed).toBe(false);
			expect([400, 401]).toContain(reply.status);
		}),
	);
});
