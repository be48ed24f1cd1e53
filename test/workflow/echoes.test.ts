import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import { afterEach, expect, test, vi } from "vitest";
import type { FaultAction } from "../../local/atlas/api/faults.ts";
import { FUNCTION_ARN } from "../../local/aws/protocol.ts";
import { toGatewayEvent } from "../../local/gateway/event.ts";
import { type Harness, startHarness } from "../harness/harness.ts";
import { createMailer } from "../infra/mail.ts";

type Handler = (event: unknown, context: unknown) => Promise<unknown>;

/** Each way of writing a secret. */
const FORMS: Readonly<Record<string, (secret: string) => string>> = {
	raw: (secret) => secret,
	base64: (secret) => Buffer.from(secret).toString("base64"),
	base64url: (secret) => Buffer.from(secret).toString("base64url"),
	hex: (secret) => Buffer.from(secret).toString("hex"),
	HEX: (secret) => Buffer.from(secret).toString("hex").toUpperCase(),
	percent: encodeURIComponent,
	"percent throughout": (secret) => Buffer.from(secret).toString("hex").replaceAll(/../g, "%$&"),
};
const WHATS = ["the key", "the field", "its value", "the token", "the digest's response"] as const;
const STATUSES = [400, 401, 403, 404, 409, 500, 503];
const CASES = WHATS.flatMap((what) => Object.keys(FORMS).map((form) => ({ what, form })));

let harness: Harness;
let loaded = 0;
afterEach(() => harness[Symbol.asyncDispose]());

/** What an Atlas that means ill may repeat, of the request it has got and of the tokens it has given out. */
function secretOf(what: (typeof WHATS)[number], key: string, token: string | undefined, authorization = key): string {
	const value = authorization.slice(authorization.indexOf(" ") + 1);
	switch (what) {
		case "the key":
			return key;
		case "the field":
			return authorization;
		case "its value":
			return value;
		case "the token":
			return token ?? value;
		case "the digest's response":
			return /response="([^"]+)"/.exec(authorization)?.[1] ?? value;
	}
}

async function load(name: "freshness" | "trigger"): Promise<(event: unknown) => Promise<unknown>> {
	const path = `../../lambda/handlers/${name}.ts?echoes=${loaded++}`;
	const { handler } = (await import(path)) as { handler: Handler };
	return (event) => handler(event, { awsRequestId: randomUUID(), getRemainingTimeInMillis: () => 29_000 });
}

test.each(["digest", "oauth"] as const)(
	"promise 7: nothing that Atlas echoes gets out of any function, over %s",
	async (auth) => {
		const seen: string[] = [];
		for (const stream of [process.stdout, process.stderr])
			vi.spyOn(stream, "write").mockImplementation((chunk) => seen.push(Buffer.from(chunk).toString()) > 0);
		for (const level of ["debug", "info", "log", "warn", "error"] as const)
			vi.spyOn(console, level).mockImplementation((...args) => {
				seen.push(...args.map((one) => (typeof one === "string" ? one : inspect(one, { depth: 20 }))));
			});
		vi.stubEnv("POWERTOOLS_LOG_LEVEL", "DEBUG");
		vi.stubEnv("SNAPSHOT_FUNCTION_ARN", FUNCTION_ARN);
		// A cluster for each case, once with good replies and once with errors.
		const clusters = CASES.flatMap((_, i) => [`good-${i}`, `bad-${i}`]);
		harness = await startHarness({
			auth,
			atlas: {
				projects: [
					{ clusters: [...clusters.map((name) => ({ name })), { name: "paused", paused: true }] },
					{ clusters: [{ name: "only" }] },
				],
			},
		});
		const { atlas } = harness;
		const [, small] = atlas.state.projects.keys();
		const key = auth === "digest" ? atlas.privateKey : atlas.clientSecret;
		/** What was echoed, by its first and last characters: a text that was cut short counts as well. */
		const echoed = new Map<string, string>();
		/** Of requests that name no cluster: the case that they meet, one after the other. */
		let turn = 0;
		const met = new Set<string>();
		atlas.faults.actionsFor = (kind, cluster, exchange) => {
			const [, group = "good", nth = String(turn)] = /^(good|bad)-(\d+)$/.exec(cluster ?? "") ?? [];
			const { what, form } = CASES[Number(nth) % CASES.length] ?? { what: "the key", form: "raw" };
			const token = [...atlas.state.credentials.tokens.keys()].at(-1);
			const value = FORMS[form]?.(secretOf(what, key, token, exchange?.headers.authorization)) ?? key;
			met.add(`${kind} ${what} ${form}`);
			for (const part of [value.slice(0, 24), value.slice(-24)]) echoed.set(part, `${what}, ${form}`);
			const status = STATUSES[Number(nth) % STATUSES.length] ?? 400;
			const parameters = [value, value];
			const refuse: FaultAction = { type: "status", status, errorCode: value, parameters, executed: false };
			return [...(group === "bad" && kind !== "challenge" ? [refuse] : []), { type: "echo", value }];
		};

		const ended = await harness.runRequest({ clusters: [...clusters, "paused"], deadlineMinutes: 60 });
		for (const request of [
			{ clusters: "all", projectId: small },
			{ clusters: { tags: { backup: "nightly" } }, projectId: undefined },
		]) {
			const other = await harness.runRequest({ ...request, deadlineMinutes: 30 });
			seen.push(JSON.stringify(other));
		}
		const freshness = await load("freshness");
		const trigger = await load("trigger");
		const daily = { expectedEveryMinutes: 1440 };
		for (turn = 0; turn < CASES.length; turn++) {
			// Each list of clusters and projects, once with each case; the token is asked for once more.
			atlas.state.credentials.tokens.clear();
			seen.push(JSON.stringify(await freshness({ targets: [{ ...daily, projectId: small, clusters: "all" }] })));
			if (turn % 7 > 0) continue;
			seen.push(JSON.stringify(await freshness({ doctor: true })));
			seen.push(
				JSON.stringify(await freshness({ doctor: true, projectId: atlas.projectId, clusterName: `good-${turn}` })),
			);
			seen.push(JSON.stringify(await freshness({ doctor: true, projectId: atlas.projectId, clusterName: "paused" })));
		}
		const targets = clusters.map((clusterName) => ({ ...daily, projectId: atlas.projectId, clusterName }));
		seen.push(JSON.stringify(await freshness({ targets })));
		for (const { name } of harness.aws.runs)
			seen.push(
				JSON.stringify(
					await trigger(
						toGatewayEvent({ method: "GET", path: `/snapshots/${name}`, headers: {}, body: Buffer.from("") }),
					),
				),
			);
		const mail = createMailer();
		const mails = harness.aws.events.map(mail);
		expect(mails.find((text) => text.includes("REFUSED"))).toMatch(/Reason: .+ \(\w+\)/);
		seen.push(...mails, JSON.stringify(ended), inspect(ended, { depth: 20 }), JSON.stringify(harness.aws.events));
		seen.push(...harness.aws.runs.map((run) => JSON.stringify([run.history(), run.result, run.error])));

		const kinds = new Set([...met].map((one) => one.split(" ")[0]));
		expect([...kinds]).toEqual(expect.arrayContaining(["take", "get", "list", "cluster", "clusters"]));
		for (const { what, form } of CASES) expect(met).toContain(`clusters ${what} ${form}`);
		const states = ended.result.targets.map(({ state }) => state);
		expect(states).toHaveLength(clusters.length + 1);
		expect(states).toContain("COMPLETED");
		expect(states).toContain("REFUSED");
		const text = seen.join("\n").replaceAll("\\", "");
		expect(text).toContain('"level":"WARN"');
		const found = [...echoed].filter(([part]) => text.includes(part));
		expect(found.map(([, what]) => what)).toEqual([]);
	},
	180_000,
);
