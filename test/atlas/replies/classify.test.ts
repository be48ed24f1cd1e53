import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { readReply, toAtlasError } from "../../../lambda/atlas/replies/classify.ts";
import type { AtlasReply, AtlasRequest } from "../../../lambda/atlas/request.ts";
import { ClusterSchema, ineligibleReason } from "../../../lambda/domain/cluster.ts";
import { AtlasError } from "../../../lambda/domain/errors.ts";
import { classifyFailure } from "../../../lambda/domain/failure.ts";
import { isOnDemand, isRunning, requestTime, SnapshotSchema } from "../../../lambda/domain/snapshot.ts";
import {
	challengeReply,
	completedSnapshot,
	dedicatedClusterReply,
	deleteReply,
	flexClusterReply,
	flexOnClusterApiReply,
	PROJECT_ID,
	pollReplies,
	projectNotFoundReply,
	SNAPSHOT_ID,
	sharedClusterReply,
	snapshotListReply,
	takeReply,
} from "../fixtures/recorded.ts";

const NOW = Date.UTC(2026, 9, 24);
const snapshots = `/api/atlas/v2/groups/${PROJECT_ID}/clusters/orders-db/backup/snapshots`;
const take: AtlasRequest = { method: "POST", target: snapshots, projectId: PROJECT_ID, headers: {}, body: "{}" };
const poll: AtlasRequest = { method: "GET", target: `${snapshots}/${SNAPSHOT_ID}`, projectId: PROJECT_ID, headers: {} };

const json = (status: number, body: object, headers = {}): AtlasReply => ({
	status,
	headers,
	body: JSON.stringify(body),
});
const apiError = (status: number, errorCode: string, more: object = {}): AtlasReply =>
	json(status, { error: status, errorCode, detail: "Something.", parameters: null, ...more });
const html = (status: number): AtlasReply => ({
	status,
	headers: { "content-type": "text/html" },
	body: "<html><body>Bad gateway</body></html>",
});
const classify = (reply: AtlasReply, call: AtlasRequest = take) => {
	const error = toAtlasError(reply, call, NOW);
	expect(error.message.length).toBeGreaterThan(20);
	return error;
};

describe("recorded replies", () => {
	test("a queued snapshot needs neither createdAt nor a documented frequencyType", () => {
		const snapshot = readReply(SnapshotSchema, takeReply, take, NOW);

		expect(snapshot).toEqual(JSON.parse(takeReply.body));
		expect(isRunning(snapshot) && isOnDemand(snapshot)).toBe(true);
		expect(new Date(requestTime(snapshot)).toISOString()).toBe("2026-08-10T03:26:42.000Z");
	});

	test("every poll is returned unchanged", () => {
		const read = pollReplies.map((reply) => readReply(SnapshotSchema, reply, poll, NOW));

		expect(read).toEqual(pollReplies.map(({ body }) => JSON.parse(body)));
		expect(read.map(({ status }) => status)).toEqual(["inProgress", "inProgress", "inProgress", "completed"]);
	});

	test("the list holds the completed snapshot", () => {
		const { results } = readReply(v.object({ results: v.array(SnapshotSchema) }), snapshotListReply, poll, NOW);

		expect(results).toEqual([completedSnapshot]);
	});

	test("clusters are read in both versions' shapes, nulls and unknown fields included", () => {
		const dedicated = readReply(ClusterSchema, dedicatedClusterReply, poll, NOW);

		expect(dedicated).toMatchObject({ name: "orders-db" });
		expect(dedicated).not.toHaveProperty("effectiveDatabaseEdition");
		expect(ineligibleReason(dedicated)).toBeUndefined();
		for (const reply of [sharedClusterReply, flexClusterReply]) {
			expect(ineligibleReason(readReply(ClusterSchema, reply, poll, NOW))?.code).toBe("ATLAS_NOT_DEDICATED");
		}
	});

	test("errors are distinguished", () => {
		expect(classify(flexOnClusterApiReply).fault).toMatchObject({ code: "ATLAS_NOT_DEDICATED", blame: "user" });
		expect(classify(projectNotFoundReply).fault).toMatchObject({ code: "ATLAS_PROJECT_NOT_FOUND", status: 404 });
		expect(classify(challengeReply).fault).toMatchObject({ code: "ATLAS_KEY_REFUSED", errorCode: "UNEXPECTED_ERROR" });
	});

	test("a success without a body is unreadable", () => {
		expect(() => readReply(SnapshotSchema, deleteReply, take, NOW)).toThrow(
			expect.objectContaining({ name: "ATLAS_UNREADABLE" }),
		);
	});
});

describe("a refusal", () => {
	test.each([
		[401, "UNEXPECTED_ERROR", "ATLAS_KEY_REFUSED", "user"],
		[401, "USER_UNAUTHORIZED", "ATLAS_ROLE_MISSING", "user"],
		[401, "NOT_IN_GROUP", "ATLAS_PROJECT_FOREIGN", "user"],
		[401, "USER_CANNOT_ACCESS_GROUP", "ATLAS_PROJECT_FOREIGN", "user"],
		[402, "ACCOUNT_SUSPENDED", "ATLAS_BILLING", "user"],
		[402, "SOMETHING_NEW", "ATLAS_BILLING", "user"],
		[403, "ACCESS_FORBIDDEN", "ATLAS_ROLE_MISSING", "user"],
		[403, "IP_ADDRESS_NOT_ON_ACCESS_LIST", "ATLAS_ADDRESS_REFUSED", "user"],
		[403, "ORG_REQUIRES_ACCESS_LIST", "ATLAS_ADDRESS_REFUSED", "user"],
		[403, "RESOURCE_REQUIRES_WHITELIST", "ATLAS_ADDRESS_REFUSED", "user"],
		[403, "FEATURE_UNSUPPORTED", "ATLAS_UNSUPPORTED", "user"],
		[403, "SOMETHING_NEW", "ATLAS_FORBIDDEN", "user"],
		[404, "GROUP_NOT_FOUND", "ATLAS_PROJECT_NOT_FOUND", "user"],
		[404, "CLUSTER_NOT_FOUND", "ATLAS_CLUSTER_NOT_FOUND", "user"],
		[404, "SNAPSHOT_NOT_FOUND", "ATLAS_SNAPSHOT_NOT_FOUND", "user"],
		[404, "BACKUP_CONFIG_NOT_FOUND", "ATLAS_BACKUP_OFF", "user"],
		[404, "SOMETHING_NEW", "ATLAS_NOT_FOUND", "user"],
		[400, "BACKUP_JOB_NOT_FOUND", "ATLAS_BACKUP_OFF", "user"],
		[400, "UNFINISHED_ON_DEMAND_SNAPSHOT", "ATLAS_SNAPSHOT_RUNNING", "transient"],
		[400, "PROVIDER_BACKUP_NOT_SUPPORTED", "ATLAS_NOT_DEDICATED", "user"],
		[400, "VALIDATION_ERROR", "ATLAS_BAD_REQUEST", "user"],
		[405, "WRITES_NOT_ALLOWED_DURING_APP_UPGRADES", "ATLAS_UPGRADING", "transient"],
		[405, "METHOD_NOT_ALLOWED", "ATLAS_BAD_REQUEST", "ours"],
		[406, "INVALID_VERSION_DATE", "ATLAS_BAD_REQUEST", "ours"],
		[409, "UNFINISHED_ON_DEMAND_SNAPSHOT", "ATLAS_SNAPSHOT_RUNNING", "transient"],
		[409, "CANNOT_UPDATE_PAUSED_CLUSTER", "ATLAS_CLUSTER_PAUSED", "user"],
		[409, "ATLAS_CLUSTER_RESTORE_IN_PROGRESS", "ATLAS_CONFLICT", "transient"],
		[410, "VERSION_GONE", "ATLAS_VERSION_GONE", "ours"],
		[429, "RATE_LIMITED_TOKEN_BUCKET", "ATLAS_RATE_LIMITED", "transient"],
	] as const)("%i %s is %s", (status, errorCode, code, blame) => {
		expect(classify(apiError(status, errorCode)).fault).toMatchObject({
			code,
			status,
			errorCode,
			blame,
			executed: "unknown",
		});
	});

	test.each([500, 502, 503, 504, 408])("%i means that a POST may have been carried out", (status) => {
		const reply = apiError(status, "UNEXPECTED_ERROR");

		expect(classify(reply).fault).toMatchObject({ code: "ATLAS_FAULT", blame: "transient", executed: "unknown" });
		expect(classify(reply, poll).fault.executed).toBe("no");
	});

	test("a 401 without error code, and one that is no JSON, is about the keys", () => {
		expect(classify(json(401, { error: 401 })).fault.code).toBe("ATLAS_KEY_REFUSED");
		expect(classify(html(401)).fault).toMatchObject({ code: "ATLAS_KEY_REFUSED", executed: "unknown" });
	});

	test("a web page is not from Atlas, except that a proxy's 429 counts", () => {
		expect(classify(html(403)).fault).toMatchObject({
			code: "ATLAS_UNREADABLE",
			blame: "transient",
			executed: "unknown",
		});
		expect(classify(html(404), poll).fault.code).toBe("ATLAS_UNREADABLE");
		expect(classify(html(302)).message).toContain("proxy");
		expect(classify(html(502)).fault).toMatchObject({ code: "ATLAS_FAULT", executed: "unknown" });
		expect(classify(html(429)).fault).toMatchObject({ code: "ATLAS_RATE_LIMITED", executed: "unknown" });
	});

	test("a 404 for a snapshot by its id means the snapshot, unless Atlas's code says otherwise", () => {
		expect(classify(apiError(404, "RESOURCE_NOT_FOUND"), poll).fault.code).toBe("ATLAS_SNAPSHOT_NOT_FOUND");
		expect(classify(apiError(404, "CLUSTER_NOT_FOUND"), poll).fault.code).toBe("ATLAS_CLUSTER_NOT_FOUND");
	});

	test("the header holds the error code if the body does not", () => {
		expect(classify(json(404, {}, { "x-error-code": "CLUSTER_NOT_FOUND" })).fault.code).toBe("ATLAS_CLUSTER_NOT_FOUND");
	});

	test("a wait that Atlas demands is in the fault, in whole seconds", () => {
		const bucket = { parameters: ["api/atlas/v2/orgs", 55, 10, 5, 60] };

		expect(classify(apiError(429, "RATE_LIMITED_TOKEN_BUCKET", bucket)).fault.retryAfterSeconds).toBe(55);
		expect(classify(json(503, {}, { "retry-after": "9" })).fault.retryAfterSeconds).toBe(9);
		expect(classify(apiError(429, "RATE_LIMITED")).fault.retryAfterSeconds).toBeUndefined();
	});
});

describe("messages", () => {
	test("name the cluster, the project and the snapshot", () => {
		expect(classify(apiError(404, "CLUSTER_NOT_FOUND")).message).toMatch(
			`cluster orders-db of project ${PROJECT_ID}: `,
		);
		expect(classify(apiError(404, "SNAPSHOT_NOT_FOUND"), poll).message).toMatch(`snapshot ${SNAPSHOT_ID} of cluster`);
	});

	test("hold the refused IPv4 or IPv6 address, from the parameters or the detail", () => {
		const code = "IP_ADDRESS_NOT_ON_ACCESS_LIST";
		const detail = "IP address 2001:db8::7 is not allowed to access this resource.";

		expect(classify(apiError(403, code, { parameters: ["203.0.113.7"] })).message).toContain("from 203.0.113.7,");
		expect(classify(apiError(403, code, { detail })).message).toContain("from 2001:db8::7,");
		expect(classify(apiError(403, code)).message).toContain("not the project's IP access list");
	});

	test("name the invalid fields, and quote neither Atlas's detail nor its parameters", () => {
		const canary = "c0ffee-canary";
		const error = classify(
			apiError(400, "VALIDATION_ERROR", {
				detail: canary,
				reason: canary,
				parameters: [canary],
				badRequestDetail: { fields: [{ field: "retentionInDays", description: canary }] },
			}),
		);

		expect(error.message).toContain("retentionInDays");
		expect(JSON.stringify([error.message, error.fault, error.stack])).not.toContain(canary);
	});

	test("do not quote an unreadable success", () => {
		const reply = json(200, { id: "c0ffee-canary", status: 7 });

		expect(() => readReply(SnapshotSchema, reply, take, NOW)).toThrow(AtlasError);
		expect(() => readReply(SnapshotSchema, reply, take, NOW)).not.toThrow(/c0ffee/);
		expect(() => readReply(SnapshotSchema, reply, take, NOW)).toThrow(
			expect.objectContaining({ fault: expect.objectContaining({ code: "ATLAS_UNREADABLE", executed: "unknown" }) }),
		);
	});
});

test("a failure as data has the wait, and whether it is a refusal", () => {
	const throttled = classifyFailure(classify(json(429, {}, { "retry-after": "55" })));
	const refused = classifyFailure(classify(apiError(401, "USER_CANNOT_ACCESS_GROUP")));

	expect(throttled).toMatchObject({ retryAfterSeconds: 55, retry: "again", answered: true, refused: false });
	expect(refused).toMatchObject({ retry: "never", answered: true, refused: true });
	expect(classifyFailure(classify(html(502)))).toMatchObject({ answered: false, executed: "unknown" });
});
