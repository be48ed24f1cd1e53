import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { InputError } from "../../../lambda/domain/errors.ts";
import { readSnapshotRequest } from "../../../lambda/domain/request.ts";
import { type GatewayReply, isGatewayEvent, readGatewayEvent } from "../../../lambda/triggers/http/api-gateway.ts";
import { expectDocumented } from "../../harness/http-contract.ts";
import { CALLER, createTestRouter, gatewayEvent, keyText, NOW } from "../../harness/router.ts";
import { event1, event2, faultyRequests, KNOWN_RUN, methods, paths, quoted, VALID, wild } from "./arbitraries.ts";

/** On an idle machine all cases together take about four seconds. */
const TIMEOUT_MS = 60_000;
const counted = { cases: 0, replies: new Map<number, number>() };

/** A trigger function that must start nothing, with a random hook key. */
const { invoke } = createTestRouter({
	start(run) {
		throw new Error(`a run was started: ${JSON.stringify(run)}`);
	},
	read: (run) =>
		run === KNOWN_RUN ? { run, requestedBy: CALLER, status: "RUNNING", targets: [], startedAt: NOW } : undefined,
	secret: () => keyText(randomBytes(32)),
	defaultRequest: readSnapshotRequest(VALID),
});

async function reply(event: object): Promise<GatewayReply> {
	counted.cases++;
	const result = await invoke(event);
	if (!("statusCode" in result) || !isGatewayEvent(event)) throw new Error("no HTTP reply");
	counted.replies.set(result.statusCode, (counted.replies.get(result.statusCode) ?? 0) + 1);
	const { method, path } = readGatewayEvent(event, 0);
	const { statusCode: status, headers, body } = result;
	expect(status).toBeLessThan(500);
	expectDocumented(method, path, { status, headers, body: body === "" ? undefined : body });
	expect(body).not.toMatch(/arn:|node_modules| at .*\.ts/);
	return result;
}

const each = <T>(cases: fc.Arbitrary<T>, numRuns: number, check: (value: T) => Promise<unknown>) =>
	fc.assert(
		fc.asyncProperty(cases, async (value) => void (await check(value))),
		{ numRuns },
	);

describe("20,000 cases without a 5xx, a throw or a run", () => {
	test("requests of every method, path, header and body", { timeout: TIMEOUT_MS }, () =>
		each(fc.oneof(event2, event1), 7000, reply),
	);

	test("faulty requests to POST /snapshots", { timeout: TIMEOUT_MS }, () =>
		each(faultyRequests, 6000, async (body) => {
			expect([400, 413]).toContain((await reply(gatewayEvent("POST", "/snapshots", body))).statusCode);
		}),
	);

	test("well-formed hooks, signed with an unknown key", { timeout: TIMEOUT_MS }, () => {
		const signatures = fc
			.array(fc.base64String({ minLength: 44, maxLength: 44 }), { maxLength: 5 })
			.map((macs) => macs.map((mac) => `v1,${mac}`).join(" "));
		const hooks = fc.tuple(wild, fc.integer({ min: -400, max: 400 }), fc.oneof(signatures, wild));
		return each(hooks, 3000, async ([id, skew, signature]) => {
			const timestamp = String(NOW / 1000 + skew);
			const signed = { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature };
			expect((await reply(gatewayEvent("POST", "/hooks/snapshots", VALID, signed))).statusCode).toBe(401);
		});
	});

	test("bodies of a megabyte", { timeout: TIMEOUT_MS }, () => {
		const fillers = fc.constantFrom(" ", "[", "a", "\u0000", "é");
		return each(fc.tuple(fillers, fc.boolean()), 40, async ([filler, isBase64Encoded]) => {
			const text = quoted(VALID) + filler.repeat(1_000_000);
			const body = isBase64Encoded ? Buffer.from(text).toString("base64") : text;
			const event = { ...gatewayEvent("POST", "/snapshots", body), isBase64Encoded };
			expect((await reply(event)).statusCode).toBe(413);
		});
	});

	test("events of other services, and malformed events", { timeout: TIMEOUT_MS }, () => {
		const sources = fc.oneof(fc.constantFrom("aws.s3", "aws.ec2", "aws.events", "aws.health", "atlas.snapshots"), wild);
		const events = fc.oneof(
			fc.record({ Records: fc.array(fc.record({ eventSource: sources, body: faultyRequests, s3: fc.jsonValue() })) }),
			fc.record({
				id: wild,
				source: sources,
				"detail-type": wild,
				time: wild,
				resources: fc.array(wild),
				detail: faultyRequests,
			}),
			fc.record({ schedule: wild, scheduledTime: wild, request: faultyRequests }),
			fc.record({
				requestContext: fc.record({ elb: fc.object() }),
				httpMethod: methods,
				path: paths,
				body: faultyRequests,
			}),
			fc.object(),
			fc.jsonValue(),
			fc.anything(),
		);
		return each(events, 4000, async (event) => {
			counted.cases++;
			await expect(invoke(event)).rejects.toMatchObject({
				name: expect.stringMatching(/^(EVENT|REQUEST)_INVALID$/),
			});
		});
	});

	afterAll(() => {
		expect(counted.cases).toBeGreaterThanOrEqual(20_000);
		expect([...counted.replies.keys()]).toEqual(expect.arrayContaining([200, 400, 401, 403, 404, 405, 413, 415]));
	});
});

test("every generated faulty request is refused", () => {
	fc.assert(
		fc.property(faultyRequests, (text) => {
			let request: unknown;
			try {
				request = JSON.parse(text);
			} catch {
				return;
			}
			expect(() => readSnapshotRequest(request)).toThrow(InputError);
		}),
		{ numRuns: 500 },
	);
});
