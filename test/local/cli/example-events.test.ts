import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { APIGatewayProxyEventV2, APIGatewayProxyEventV2WithIAMAuthorizer, EventBridgeEvent } from "aws-lambda";
import { describe, expect, test } from "vitest";
import cronRule from "../../../examples/events/cron-rule.json" with { type: "json" };
import eventBridge from "../../../examples/events/eventbridge.json" with { type: "json" };
import httpApi from "../../../examples/events/http-api.json" with { type: "json" };
import signedHook from "../../../examples/events/signed-hook.json" with { type: "json" };
import { parseHookKeys } from "../../../lambda/triggers/http/hook-keys.ts";
import { verifyWebhook } from "../../../lambda/triggers/http/webhook-signature.ts";
import { runStartCommand } from "../../harness/start-command.ts";

// The compiler holds each file against the shape that AWS documents.
eventBridge satisfies EventBridgeEvent<string, unknown>;
cronRule satisfies EventBridgeEvent<string, unknown>;
httpApi satisfies APIGatewayProxyEventV2WithIAMAuthorizer;
signedHook satisfies APIGatewayProxyEventV2;

const FOLDER = fileURLToPath(new URL("../../../examples/events/", import.meta.url));
const DEFAULT_REQUEST = '{"projectId":"5f0a1b2c3d4e5f6071829311","clusters":["prod-b"]}';

describe("the example events", () => {
	test.concurrent.each([
		["scheduler.json", "schedule", "schedule:nightly", "2026-11-24T03:00:00Z", ["prod-a", "prod-b"]],
		["eventbridge.json", "event", "event:acme.releases", null, ["prod-a"]],
		["cron-rule.json", "schedule", "schedule:atlas-snapshots-daily", "2026-11-24T04:00:00Z", ["prod-b"]],
		["http-api.json", "http", "iam:arn:aws:sts::111122223333:assumed-role/deployer", null, ["prod-a"]],
	])("%s takes its snapshots", async (file, trigger, requestedBy, slot, clusters) => {
		using call = runStartCommand(["--event", `${FOLDER}${file}`, "--json"], { DEFAULT_REQUEST });
		const { code, out, err } = await call.ended;
		const events = out
			.trimEnd()
			.split("\n")
			.map((line) => JSON.parse(line).detail);
		const completed = events.filter(({ state }) => state === "COMPLETED");

		expect(code, err).toBe(0);
		expect(completed.map(({ clusterName }): string => clusterName).toSorted()).toEqual(clusters);
		for (const event of events) expect(event).toMatchObject({ trigger, requestedBy, slot });
	});

	test("signed-hook.json was signed by the example key, and is too old today", async () => {
		const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
		const { headers, body } = signedHook;
		const { keys } = parseHookKeys(secret);
		using call = runStartCommand(["--event", `${FOLDER}signed-hook.json`], { WEBHOOK_SECRETS: secret });

		expect(verifyWebhook(headers, Buffer.from(body), keys, Number(headers["webhook-timestamp"]) * 1000)).toBe(
			"default",
		);
		expect(await call.ended).toMatchObject({ code: 2, err: expect.stringContaining("HTTP 401") });
	});

	test("state the true length of their bodies", () => {
		for (const { headers, body } of [httpApi, signedHook]) expect(headers["content-length"]).toBe(`${body.length}`);
	});

	test("are all described, by the names of their files", () => {
		const readme = readFileSync(`${FOLDER}README.md`, "utf8");

		for (const file of readdirSync(FOLDER).filter((name) => name.endsWith(".json"))) expect(readme).toContain(file);
	});
});
