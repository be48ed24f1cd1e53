import { describe, expect, test } from "vitest";
import { ServiceError } from "../../../lambda/domain/errors.ts";
import type { RunStatus } from "../../../lambda/executions/status.ts";
import { bodyOf, CALLER, createTestRouter, NOW, PROJECT, REQUEST, runOf, targetStatus } from "../../harness/router.ts";

const JSON_TYPE = { "content-type": "application/json" };
const throwing = (error: Error) => () => {
	throw error;
};

describe("POST /snapshots", () => {
	test("accepts a request, and returns the location of its run and the targets", async () => {
		const api = createTestRouter();

		const reply = await api.send({ body: REQUEST, headers: { ...JSON_TYPE, "idempotency-key": "release-42" } });

		const run = runOf("release-42");
		expect(reply.status).toBe(202);
		expect(reply.headers).toMatchObject({ location: `/snapshots/${run}`, "retry-after": "2" });
		expect(bodyOf(reply)).toEqual({
			run,
			status: "RUNNING",
			targets: [{ projectId: PROJECT, clusterName: "prod-a", state: "PENDING" }],
		});
		expect(api.started).toEqual([
			{ run, trigger: "http", requestedBy: CALLER, request: expect.objectContaining({ clusters: ["prod-a"] }) },
		]);
	});

	test("replies the same to the same key and request, and starts a new run for each call without a key", async () => {
		const api = createTestRouter();
		const headers = { ...JSON_TYPE, "idempotency-key": '"release-42"' };

		const replies = [await api.send({ body: REQUEST, headers }), await api.send({ body: REQUEST, headers })];
		await api.send({ body: REQUEST });
		await api.send({ body: REQUEST });

		expect(replies[0]).toEqual(replies[1]);
		expect(api.started[0]).toEqual(api.started[1]);
		expect(new Set(api.started.map(({ run }) => run)).size).toBe(3);
	});

	test("accepts a key unquoted, quoted or as webhook-id", async () => {
		const api = createTestRouter();

		await api.send({ body: REQUEST, headers: { "idempotency-key": "k 1" } });
		await api.send({ body: REQUEST, headers: { "idempotency-key": '"k 1"' } });
		await api.send({ body: REQUEST, headers: { "webhook-id": "k 1" } });

		expect(new Set(api.started.map(({ run }) => run))).toEqual(new Set([runOf("k 1")]));
	});

	test("replies 422 if the key was used for another request", async () => {
		const api = createTestRouter({
			start: throwing(new ServiceError("RUN_NAME_TAKEN", "run: its name belongs to another request")),
		});

		const reply = await api.send({ body: REQUEST, headers: { "idempotency-key": "release-42" } });

		expect(reply.status).toBe(422);
		expect(bodyOf(reply).type).toBe("urn:atlas-snapshots:problem:run-name-taken");
	});

	test.each(["", '"open', "ü", "a\u0000b", "x".repeat(256), '"bad\\escape"'])(
		"refuses the malformed key %j",
		async (key) => {
			const api = createTestRouter();

			const reply = await api.send({ body: REQUEST, headers: { "idempotency-key": key } });

			expect(reply.status).toBe(400);
			expect(bodyOf(reply).type).toBe("urn:atlas-snapshots:problem:idempotency-key-invalid");
			expect(api.started).toEqual([]);
		},
	);

	test.each([
		["two unquoted keys", { "idempotency-key": "a,b" }, "Idempotency-Key"],
		["two unquoted keys, joined with a space", { "idempotency-key": "a, b" }, "Idempotency-Key"],
		["two quoted keys", { "idempotency-key": '"a","b"' }, "Idempotency-Key"],
		["an unquoted and a quoted key", { "idempotency-key": 'a,"b"' }, "Idempotency-Key"],
		["a quoted and an unquoted key", { "idempotency-key": '"a",b' }, "Idempotency-Key"],
		["the same key twice", { "idempotency-key": "a,a" }, "Idempotency-Key"],
		["a key and an empty one", { "idempotency-key": "a," }, "Idempotency-Key"],
		["two ids of a webhook", { "webhook-id": "msg_1,msg_2" }, "webhook-id"],
	])("promise 1: refuses %s, which would name a third run", async (_, headers, field) => {
		const api = createTestRouter();

		const reply = await api.send({ body: REQUEST, headers });

		expect([reply.status, bodyOf(reply).type]).toEqual([400, "urn:atlas-snapshots:problem:idempotency-key-invalid"]);
		expect(bodyOf(reply).detail).toMatch(new RegExp(`^${field} must be `));
		expect(api.started).toEqual([]);
	});

	test("accepts a comma in a quoted key", async () => {
		const api = createTestRouter();

		await api.send({ body: REQUEST, headers: { "idempotency-key": '"a, b"' } });

		expect(api.started.map(({ run }) => run)).toEqual([runOf("a, b")]);
	});

	test("lists every fault of a request at once, each with its pointer", async () => {
		const api = createTestRouter();

		const reply = await api.send({ body: { projectId: "x", clusters: ["a", "-b"], retentionInDays: 0, colour: 1 } });

		expect(reply.status).toBe(400);
		expect(
			bodyOf(reply)
				.errors.map(({ pointer }: { pointer: string }) => pointer)
				.sort(),
		).toEqual(["/clusters/1", "/colour", "/projectId", "/retentionInDays"]);
	});

	test("never quotes what it received", async () => {
		const api = createTestRouter();

		const reply = await api.send({
			body: { projectId: "s3cr3t", clusters: "s3cr3t", description: 5, onConflict: "s3cr3t" },
		});

		expect(reply.body).not.toContain("s3cr3t");
	});

	test.each([
		["text/plain", 415],
		["application/x-www-form-urlencoded", 415],
		["application/json; charset=latin1", 415],
		["application/json, text/plain", 415],
		["application/merge-patch+json", 415],
		["Application/JSON; charset=UTF-8", 202],
		['application/json;charset="utf-8"', 202],
	])("reads a body of type %s as %i", async (type, status) => {
		const reply = await createTestRouter().send({ body: REQUEST, headers: { "content-type": type } });

		expect(reply.status).toBe(status);
	});

	test("reads a body without a type as JSON, and refuses a compressed one", async () => {
		const api = createTestRouter();

		expect((await api.send({ body: REQUEST, headers: {} })).status).toBe(202);
		expect((await api.send({ body: REQUEST, headers: { ...JSON_TYPE, "content-encoding": "gzip" } })).status).toBe(415);
	});

	test("accepts a body of 20,000 bytes and refuses one more", async () => {
		const api = createTestRouter();
		const request = JSON.stringify(REQUEST);

		expect((await api.send({ body: request.padEnd(20_000) })).status).toBe(202);
		expect((await api.send({ body: request.padEnd(20_001) })).status).toBe(413);
	});

	test.each([["{"], [""], ["[1"], ["{}{}"], [Buffer.from([0x22, 0xff, 0x22])]])(
		"refuses the body %j as no JSON",
		async (body) => {
			const reply = await createTestRouter().send({ body });

			expect(reply.status).toBe(400);
			expect(bodyOf(reply).type).toBe("urn:atlas-snapshots:problem:json-invalid");
		},
	);

	test("replies 503 with Retry-After if AWS can't start the run, and 500 without details if it refuses", async () => {
		const replies = await Promise.all(
			[
				new ServiceError("START_FAILED", "arn:aws:lambda:x throttled", { transient: true }),
				new ServiceError("CONFIG_INVALID", "arn:aws:lambda:x denied"),
			].map((error) => createTestRouter({ start: throwing(error) }).send({ body: REQUEST })),
		);

		expect(replies.map(({ status }) => status)).toEqual([503, 500]);
		expect(replies[0]?.headers["retry-after"]).toBe("5");
		expect(JSON.stringify(replies)).not.toContain("arn:");
	});

	test("describes a defect only by the request's id, which is in the log too", async () => {
		const api = createTestRouter({ start: throwing(new TypeError("secret detail at /var/task/x.js")) });

		const reply = await api.send({ body: REQUEST, id: "Abc123=" });

		expect(reply.status).toBe(500);
		expect(reply.body).not.toMatch(/secret|task|TypeError/);
		expect(bodyOf(reply).instance).toBe("urn:atlas-snapshots:request:Abc123=");
		expect(api.logged[0]).toMatchObject({ request: "Abc123=", status: 500, error: expect.any(TypeError) });
	});

	test("puts the stage before the location", async () => {
		const reply = await createTestRouter().send({ body: REQUEST, prefix: "/prod" });

		expect(reply.headers["location"]).toMatch(/^\/prod\/snapshots\/http-/);
	});
});

describe("Prefer: wait", () => {
	const wait = (value: string) => ({ ...JSON_TYPE, prefer: value });

	test("delays the reply until every target has started", async () => {
		const states = [undefined, ["STARTED", "PENDING"], ["STARTED", "STARTED"]] as const;
		const api = createTestRouter({
			read: (run, reads) => {
				const targets = states[Math.min(reads, 3) - 1]?.map((state, i) =>
					state === "PENDING" ? { projectId: PROJECT, clusterName: `c${i}`, state } : targetStatus(state, `c${i}`),
				);
				return targets && { run, status: "RUNNING", startedAt: NOW, targets };
			},
		});

		const reply = await api.send({ body: { projectId: PROJECT, clusters: ["c0", "c1"] }, headers: wait("wait=10") });

		expect(reply.status).toBe(202);
		expect(reply.headers["preference-applied"]).toBe("wait=10");
		expect(bodyOf(reply).targets.map(({ state }: { state: string }) => state)).toEqual(["STARTED", "STARTED"]);
		expect(api.reads.count).toBe(3);
	});

	test("returns the last status when the time is up, after 20 seconds at most", async () => {
		const api = createTestRouter();

		const reply = await api.send({ body: REQUEST, headers: wait("respond-async, wait=600") });

		expect(reply.status).toBe(202);
		expect(reply.headers["preference-applied"]).toBe("wait=20");
		expect(api.time.now - NOW).toBe(20_000);
	});

	test("reads three times at most, since concurrent callers share AWS's quota but no cache", async () => {
		const readAt: number[] = [];
		const api = createTestRouter({
			read: () => {
				readAt.push(api.time.now - NOW);
				return undefined;
			},
		});

		await api.send({ body: REQUEST, headers: wait("wait=20") });
		await api.send({ body: REQUEST, headers: wait("wait=2"), replyBy: api.time.now + 30_000 });

		expect(readAt).toEqual([1500, 5500, 20_000, 21_500, 22_000]);
	});

	test("ends before the function's timeout", async () => {
		const api = createTestRouter();

		await api.send({ body: REQUEST, headers: wait("wait=20"), replyBy: NOW + 5000 });

		expect(api.time.now - NOW).toBeLessThanOrEqual(2500);
	});

	test.each(["wait", "wait=", "wait=abc", "wait=-1", "wait=0", "handling=lenient", "wait=1.5"])(
		"ignores the preference %j",
		async (preference) => {
			const api = createTestRouter();

			const reply = await api.send({ body: REQUEST, headers: wait(preference) });

			expect(reply.status).toBe(202);
			expect(reply.headers["preference-applied"]).toBeUndefined();
			expect(api.reads.count).toBe(0);
		},
	);

	test("continues after a read that fails transiently", async () => {
		const api = createTestRouter({
			read: (run, reads) => {
				if (reads < 3) throw new ServiceError("READ_FAILED", "throttled", { transient: true });
				return { run, status: "SUCCEEDED", startedAt: NOW, targets: [targetStatus("COMPLETED")] };
			},
		});

		const reply = await api.send({ body: REQUEST, headers: wait("wait=10") });

		expect(bodyOf(reply).status).toBe("SUCCEEDED");
	});

	test.each([
		["CLUSTER_NOT_FOUND", 404],
		["GROUP_NOT_FOUND", 404],
		["ATLAS_CLUSTER_NOT_FOUND", 404],
		["ATLAS_PROJECT_NOT_FOUND", 404],
		["UNFINISHED_ON_DEMAND_SNAPSHOT", 409],
		["ATLAS_SNAPSHOT_RUNNING", 409],
		["ATLAS_CLUSTER_PAUSED", 409],
		["NO_PAYMENT_INFORMATION_FOUND", 402],
		["BACKUP_JOB_NOT_FOUND", 422],
		["PROVIDER_BACKUP_NOT_SUPPORTED", 422],
		["SNAPSHOT_RETENTION_LESS_THAN_BACKUP_COMPLIANCE_POLICY", 422],
		["USER_UNAUTHORIZED", 502],
		["ATLAS_KEY_REFUSED", 502],
		["IP_ADDRESS_NOT_ON_ACCESS_LIST", 502],
		["ATLAS_FAULT", 502],
		["SECRET_UNREADABLE", 502],
		["ACCOUNT_SUSPENDED", 402],
		["FEATURE_UNSUPPORTED", 422],
		["CODE_OF_TOMORROW", 422],
		["USER_CANNOT_ACCESS_ORG", 502],
		["invalid_client", 502],
		["UNEXPECTED", 502],
		["INTERRUPTED", 502],
		["SERVICE_UNAVAILABLE", 503],
		["RATE_LIMITED_TOKEN_BUCKET", 503],
		["ATLAS_UPGRADING", 503],
	])("replies to Atlas's refusal %s of every target with %i and the location", async (code, status) => {
		const api = createTestRouter({
			read: (run) => ({ run, status: "FAILED", startedAt: NOW, targets: [targetStatus("REFUSED", "prod-a", code)] }),
		});

		const reply = await api.send({ body: REQUEST, headers: wait("wait=10") });

		expect(reply.status).toBe(status);
		expect(bodyOf(reply)).toMatchObject({ type: "urn:atlas-snapshots:problem:atlas-refused", code });
		expect(reply.headers["location"]).toBe(`/snapshots/${bodyOf(reply).run}`);
	});

	test("is 202 if one target was refused and another started", async () => {
		const api = createTestRouter({
			read: (run) => ({
				run,
				status: "RUNNING",
				startedAt: NOW,
				targets: [targetStatus("REFUSED", "a"), targetStatus("STARTED", "b")],
			}),
		});

		const reply = await api.send({ body: REQUEST, headers: wait("wait=10") });

		expect(reply.status).toBe(202);
		expect(bodyOf(reply).targets[0].reason).toEqual({ code: "CLUSTER_NOT_FOUND", message: "Atlas would not" });
	});
});

describe("GET /snapshots/{run}", () => {
	const run = runOf("release-42");
	const get = (headers = {}) => ({ method: "GET", path: `/snapshots/${run}`, headers });
	const completed: RunStatus = { run, status: "SUCCEEDED", startedAt: NOW, targets: [targetStatus("COMPLETED")] };

	test("returns the state of each target, and Retry-After", async () => {
		const api = createTestRouter({
			read: () => ({ run, status: "RUNNING", startedAt: NOW - 80_000, targets: [targetStatus("STARTED")] }),
		});

		const reply = await api.send(get());

		expect(reply.status).toBe(200);
		expect(reply.headers["retry-after"]).toBe("20");
		expect(bodyOf(reply)).toEqual({ run, status: "RUNNING", targets: [targetStatus("STARTED")] });
	});

	test.each([
		["its own", CALLER, 200],
		["a schedule's", "schedule:nightly", 200],
		["an event's", "event:ci.release", 200],
		["a hook's", "hook:github", 200],
		["another user's", "iam:arn:aws:iam::123456789012:user/else", 404],
		["another role's", "iam:arn:aws:sts::123456789012:assumed-role/ci", 404],
		["one of an unknown caller", undefined, 404],
	] as const)("promise 9: a caller who reads %s (%s) gets %i", async (_, requestedBy, status) => {
		const api = createTestRouter({
			read: () => ({ ...completed, requestedBy }),
		});

		const reply = await api.send(get());

		expect(reply.status).toBe(status);
		if (status === 404) expect(bodyOf(reply).detail).toBe(bodyOf(await createTestRouter().send(get())).detail);
	});

	test("promise 9: without a caller nothing is read or started", async () => {
		const api = createTestRouter({ read: () => completed });

		const replies = [
			await api.send({ ...get(), caller: undefined }),
			await api.send({ body: REQUEST, caller: undefined }),
			await api.send({ body: REQUEST, caller: undefined, headers: { prefer: "wait=20" } }),
		];

		expect(replies.map(({ status }) => status)).toEqual([403, 403, 403]);
		expect(bodyOf(replies[0])).toMatchObject({ type: "urn:atlas-snapshots:problem:not-allowed" });
		expect([api.started.length, api.reads.count]).toEqual([0, 0]);
	});

	test("has no Retry-After after the end of the run", async () => {
		const api = createTestRouter({ read: () => completed });

		const reply = await api.send(get());

		expect(reply.headers["retry-after"]).toBeUndefined();
	});

	test("replies 304 while nothing changed, then 200", async () => {
		const api = createTestRouter({
			read: (_, reads) => ({
				run,
				status: "RUNNING",
				startedAt: NOW,
				targets: reads < 5 ? [] : [targetStatus("STARTED")],
			}),
		});
		const first = await api.send(get());
		const etag = first.headers["etag"];

		const replies = [
			await api.send(get({ "if-none-match": etag })),
			await api.send(get({ "if-none-match": `"other", W/${etag}` })),
			await api.send(get({ "if-none-match": '"other"' })),
			await api.send(get({ "if-none-match": etag })),
		];

		expect(replies.map(({ status }) => status)).toEqual([304, 304, 200, 200]);
		expect(replies[0]?.headers["etag"]).toBe(etag);
		expect(replies[3]?.headers["etag"]).not.toBe(etag);
	});

	test.each([
		"http-0",
		"HTTP-c5f3b4b4a3b4c5d6e7f8a9b0c1d2e3f4",
		"x",
		"http-c5f3b4b4a3b4c5d6e7f8a9b0c1d2e3f4x",
		"..%2f",
	])("replies 404 for %s without calling AWS", async (name) => {
		const api = createTestRouter();

		const reply = await api.send({ method: "GET", path: `/snapshots/${name}` });

		expect(reply.status).toBe(404);
		expect(api.reads.count).toBe(0);
	});

	test("replies 404 for a run that does not exist", async () => {
		const reply = await createTestRouter().send(get());

		expect(reply.status).toBe(404);
		expect(bodyOf(reply).type).toBe("urn:atlas-snapshots:problem:run-not-found");
	});

	test("replies 503 if AWS throttles the read", async () => {
		const api = createTestRouter({
			read: throwing(new ServiceError("READ_FAILED", "throttled", { transient: true })),
		});

		const reply = await api.send(get());

		expect(reply.status).toBe(503);
	});

	test("removes ARNs from reasons", async () => {
		const reason = {
			code: "SECRET_UNREADABLE",
			message: "no right to arn:aws:secretsmanager:eu-west-1:1:secret:x-1, sorry",
		};
		const api = createTestRouter({
			read: () => ({ run, status: "FAILED", startedAt: NOW, targets: [{ ...targetStatus("REFUSED"), reason }] }),
		});

		const reply = await api.send(get());

		expect(bodyOf(reply).targets[0].reason.message).toBe("no right to (an ARN) sorry");
	});
});

describe("routes", () => {
	test.each([
		["GET", "/index.html", 404],
		["POST", "/snapshots/", 404],
		["POST", "/snapshot", 404],
		["POST", "//snapshots", 404],
		["POST", "/SNAPSHOTS", 404],
		["POST", "/hooks/snapshots", 404],
		["GET", "/snapshots/a/b", 404],
		["GET", "/snapshots\n", 404],
		["GET", "/__proto__", 404],
	])("reply to %s %j with %i", async (method, path, status) => {
		expect((await createTestRouter().send({ method, path, body: REQUEST })).status).toBe(status);
	});

	test.each([
		["GET", "/snapshots", "POST"],
		["DELETE", "/snapshots", "POST"],
		["constructor", "/snapshots", "POST"],
		["post", "/snapshots", "POST"],
		["POST", "/snapshots/http-1", "GET, HEAD"],
		["HEAD", "/snapshots", "POST"],
		["POST", "/", "GET, HEAD"],
		["", "/openapi.json", "GET, HEAD"],
	])("reply to %j %s with 405 and the allowed methods", async (method, path, allow) => {
		const reply = await createTestRouter().send({ method, path });

		expect(reply.status).toBe(405);
		expect(reply.headers["allow"]).toBe(allow);
	});

	test("include the OpenAPI document", async () => {
		const reply = await createTestRouter().send({ method: "GET", path: "/openapi.json" });

		expect(reply.status).toBe(200);
		expect(bodyOf(reply).openapi).toBe("3.1.0");
	});
});

describe("Retry-After follows the expected end", () => {
	const run = `http-${"0".repeat(32)}`;
	const get = () => ({ method: "GET", path: `/snapshots/${run}` });
	const at = (minutes: number) => new Date(NOW + minutes * 60_000).toISOString();
	const running = (...ends: (string | null)[]) => ({
		run,
		status: "RUNNING" as const,
		startedAt: NOW - 20 * 60_000,
		targets: ends.map((expectedEndAt, index) => ({ ...targetStatus("STARTED", `c${index}`), expectedEndAt })),
	});

	test.each([
		["half of the remaining time", [at(4)], "120"],
		["of the last target", [at(1), at(4)], "120"],
		["5 minutes at most", [at(600)], "300"],
		["2 seconds at least", [at(0.01)], "2"],
		["as without an expected end, after it has passed", [at(-1)], "30"],
		["as without an expected end, if one is unknown", [at(4), null], "30"],
	])("%s", async (_what, ends, seconds) => {
		const reply = await createTestRouter({ read: () => running(...ends) }).send(get());

		expect(reply.headers["retry-after"]).toBe(seconds);
		expect(bodyOf(reply).targets[0].expectedEndAt).toBe(ends[0]);
	});
});
