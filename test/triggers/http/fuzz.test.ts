import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import openapi from "../../../docs/openapi.json" with { type: "json" };
import { InputError } from "../../../lambda/domain/errors.ts";
import { readSnapshotRequest } from "../../../lambda/domain/request.ts";
import type { Runs } from "../../../lambda/executions/executions.ts";
import { type GatewayReply, isGatewayEvent, readGatewayEvent } from "../../../lambda/triggers/http/api-gateway.ts";
import { createHookKeys } from "../../../lambda/triggers/http/hook-keys.ts";
import { createRouter } from "../../../lambda/triggers/http/router.ts";
import { handleTrigger } from "../../../lambda/triggers/receive.ts";
import {
	event1,
	event2,
	faultyRequests,
	KNOWN_RUN,
	methods,
	NOW,
	paths,
	quoted,
	USER,
	VALID,
	wild,
} from "./arbitraries.ts";
import { expectInContract } from "./contract.ts";

/** For a machine that is busy with other things: in all they take some four seconds. */
const LONG_MS = 60_000;
const counted = { cases: 0, replies: new Map<number, number>() };

/** The whole trigger function but for AWS: an engine that must not be started, with a hook key that nobody knows. */
const engine: Runs = {
	async start(run) {
		throw new Error(`a run was started: ${JSON.stringify(run)}`);
	},
	read: async (run) =>
		run === KNOWN_RUN ? { run, requestedBy: `iam:${USER}`, status: "RUNNING", targets: [], startedAt: NOW } : undefined,
};
const clock = { now: () => NOW, pause: async () => {} };
const hookKeys = createHookKeys(
	async () => `whsec_${randomBytes(32).toString("base64")}`,
	clock.now,
	() => {},
);
const face = createRouter({
	engine,
	stack: "s",
	hookKeys,
	openapi: async () => JSON.stringify(openapi),
	clock,
	hear: () => {},
});
const reception = { face, start: engine.start, stack: "s", defaultRequest: readSnapshotRequest(VALID), hear: () => {} };

async function answer(event: object): Promise<GatewayReply> {
	counted.cases++;
	const reply = await handleTrigger(reception, event, NOW + 30_000);
	if (!("statusCode" in reply) || !isGatewayEvent(event)) throw new Error("no reply of the HTTP face");
	counted.replies.set(reply.statusCode, (counted.replies.get(reply.statusCode) ?? 0) + 1);
	const { method, path } = readGatewayEvent(event, 0);
	const { statusCode: status, headers, body } = reply;
	expect(status).toBeLessThan(500);
	expectInContract(method, path, { status, headers, ...(body === "" ? {} : { body }) });
	expect(body).not.toMatch(/arn:|node_modules| at .*\.ts/);
	return reply;
}

describe("20,000 cases without a 5xx, a throw or a run", () => {
	test(
		"requests of every method, path, header and body",
		async () => {
			await fc.assert(
				fc.asyncProperty(fc.oneof(event2, event1), async (event) => {
					await answer(event);
				}),
				{ numRuns: 7000 },
			);
		},
		LONG_MS,
	);

	test(
		"faulty requests at the right door",
		async () => {
			await fc.assert(
				fc.asyncProperty(faultyRequests, async (body) => {
					const requestContext = { stage: "$default", http: { method: "POST" } };
					const reply = await answer({ version: "2.0", rawPath: "/snapshots", requestContext, body });
					expect([400, 413]).toContain(reply.statusCode);
				}),
				{ numRuns: 6000 },
			);
		},
		LONG_MS,
	);

	test(
		"sound requests at the hook's door, signed with a key that is not ours",
		async () => {
			const signatures = fc.array(
				fc.base64String({ minLength: 44, maxLength: 44 }).map((mac) => `v1,${mac}`),
				{ maxLength: 5 },
			);
			await fc.assert(
				fc.asyncProperty(
					wild,
					fc.integer({ min: -400, max: 400 }),
					fc.oneof(
						signatures.map((all) => all.join(" ")),
						wild,
					),
					async (id, skew, signature) => {
						const reply = await answer({
							version: "2.0",
							rawPath: "/hooks/snapshots",
							headers: {
								"webhook-id": id,
								"webhook-timestamp": String(NOW / 1000 + skew),
								"webhook-signature": signature,
							},
							requestContext: { stage: "$default", http: { method: "POST" } },
							body: quoted(VALID),
						});
						expect(reply.statusCode).toBe(401);
					},
				),
				{ numRuns: 3000 },
			);
		},
		LONG_MS,
	);

	test(
		"bodies of a megabyte",
		async () => {
			await fc.assert(
				fc.asyncProperty(
					fc.constantFrom(" ", "[", "a", "\u0000", "é"),
					fc.boolean(),
					async (filler, isBase64Encoded) => {
						const text = quoted(VALID) + filler.repeat(1_000_000);
						const body = isBase64Encoded ? Buffer.from(text).toString("base64") : text;
						const requestContext = { stage: "$default", http: { method: "POST" } };
						const reply = await answer({
							version: "2.0",
							rawPath: "/snapshots",
							requestContext,
							body,
							isBase64Encoded,
						});
						expect(reply.statusCode).toBe(413);
					},
				),
				{ numRuns: 40 },
			);
		},
		LONG_MS,
	);

	test(
		"events of other services, and of none",
		async () => {
			const sources = fc.oneof(
				fc.constantFrom("aws.s3", "aws.ec2", "aws.events", "aws.health", "atlas.snapshots"),
				wild,
			);
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
			await fc.assert(
				fc.asyncProperty(events, async (event) => {
					counted.cases++;
					await expect(handleTrigger(reception, event, NOW)).rejects.toMatchObject({
						name: expect.stringMatching(/^(EVENT|REQUEST)_INVALID$/),
					});
				}),
				{ numRuns: 4000 },
			);
		},
		LONG_MS,
	);

	afterAll(() => {
		expect(counted.cases).toBeGreaterThanOrEqual(20_000);
		expect([...counted.replies.keys()]).toEqual(expect.arrayContaining([200, 400, 401, 403, 404, 405, 413, 415]));
	});
});

test("the judge of refusals is the request's own reader", () => {
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
