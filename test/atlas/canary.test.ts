import { inspect } from "node:util";
import { expect, test } from "vitest";
import type { ObservedRequest } from "../../lambda/atlas/client.ts";
import type { AtlasSimulator, Fault } from "../../local/atlas/index.ts";
import { REQUEST, SCHEMES, startAtlasClient } from "../harness/atlas-client.ts";

type Action = Fault["do"];

/** Everything that must not get out: keys, what is derived from them, and what Atlas made of them. */
function secretsOf(sim: AtlasSimulator): string[] {
	const { privateKey, clientId, clientSecret } = sim;
	const basic = Buffer.from(`${clientId}:${clientSecret}`).toString("base64");
	return [privateKey, clientSecret, basic, ...sim.state.credentials.tokens.keys(), "Digest username", "Bearer ey"];
}

const ACTIONS: readonly Action[] = [
	{ type: "drop", when: "before" },
	{ type: "drop", when: "after" },
	{ type: "cut", bytes: 10 },
	{ type: "garbage" },
	{ type: "html", status: 502 },
	...[400, 401, 402, 403, 404, 405, 409, 410, 429, 500, 503].map((status) => ({ type: "status", status }) as const),
];

for (const scheme of SCHEMES) {
	test(`no failure over ${scheme} tells a key, a token or an Authorization field, nor does what is told of requests`, async () => {
		const told: ObservedRequest[] = [];
		const text: string[] = [];
		let failures = 0;
		for (const kind of ["take", scheme === "digest" ? "challenge" : "token"] as const) {
			for (const action of ACTIONS) {
				await using r = await startAtlasClient(scheme, {}, { onReply: (exchange) => told.push(exchange) });
				r.simulator.faults.add({ on: { kind, times: "always" }, do: action });

				await r.atlas.takeSnapshot(r.target, REQUEST).catch((error: unknown) => {
					failures += 1;
					text.push(inspect(error, { depth: 20, showHidden: true }), JSON.stringify(error));
				});

				const all = text.splice(0).join("\n") + JSON.stringify(told.splice(0));
				for (const secret of secretsOf(r.simulator)) expect(all).not.toContain(secret);
			}
		}

		expect(failures).toBe(2 * ACTIONS.length - (scheme === "digest" ? 1 : 0));
	});
}

test("every request that left is told of, with its status, code and tokens left, and without its query", async () => {
	const told: ObservedRequest[] = [];
	await using r = await startAtlasClient("digest", {}, { onReply: (exchange) => told.push(exchange) });

	await r.atlas.takeSnapshot(r.target, REQUEST);
	await r.atlas.takeSnapshot(r.target, REQUEST).catch(() => undefined);
	r.simulator.faults.add({ on: { kind: "take" }, do: { type: "drop", when: "after" } });
	await r.atlas.takeSnapshot(r.target, REQUEST).catch(() => undefined);

	expect(told.map(({ method, status, errorCode, failure }) => [method, status, errorCode, failure])).toEqual([
		["GET", 401, "UNEXPECTED_ERROR", undefined],
		["POST", 200, undefined, undefined],
		["POST", 400, "UNFINISHED_ON_DEMAND_SNAPSHOT", undefined],
		["POST", undefined, undefined, "ATLAS_NO_REPLY"],
	]);
	expect(told[1]).toMatchObject({ projectId: r.simulator.projectId, rateLimitRemaining: 1199 });
	expect(told[1]?.path).not.toContain("?");
});
