import { inspect } from "node:util";
import { expect, test } from "vitest";
import type { ObservedRequest } from "../../lambda/atlas/client.ts";
import type { AtlasSimulator, Fault } from "../../local/atlas/index.ts";
import { REQUEST, SCHEMES, startAtlasClient } from "../harness/atlas-client.ts";

type Action = Fault["do"];

/** Keys, what is derived from them, and tokens. */
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

test.each(SCHEMES)("over %s, no error or observed request contains a key, token or Authorization", async (scheme) => {
	const observed: ObservedRequest[] = [];
	const text: string[] = [];
	let failures = 0;
	for (const kind of ["take", scheme === "digest" ? "challenge" : "token"] as const) {
		for (const action of ACTIONS) {
			await using r = await startAtlasClient(scheme, {}, { onReply: (request) => observed.push(request) });
			r.simulator.faults.add({ on: { kind, times: "always" }, do: action });

			await r.atlas.takeSnapshot(r.target, REQUEST).catch((error: unknown) => {
				failures += 1;
				text.push(inspect(error, { depth: 20, showHidden: true }), JSON.stringify(error));
			});

			const all = text.splice(0).join("\n") + JSON.stringify(observed.splice(0));
			for (const secret of secretsOf(r.simulator)) expect(all).not.toContain(secret);
		}
	}

	expect(failures).toBe(2 * ACTIONS.length - (scheme === "digest" ? 1 : 0));
});

test("every sent request is observed with its status, code and remaining limit, and without its query", async () => {
	const observed: ObservedRequest[] = [];
	await using r = await startAtlasClient("digest", {}, { onReply: (request) => observed.push(request) });

	await r.atlas.takeSnapshot(r.target, REQUEST);
	await r.atlas.takeSnapshot(r.target, REQUEST).catch(() => undefined);
	r.simulator.faults.add({ on: { kind: "take" }, do: { type: "drop", when: "after" } });
	await r.atlas.takeSnapshot(r.target, REQUEST).catch(() => undefined);

	expect(observed.map(({ method, status, errorCode, failure }) => [method, status, errorCode, failure])).toEqual([
		["GET", 401, "UNEXPECTED_ERROR", undefined],
		["POST", 200, undefined, undefined],
		["POST", 400, "UNFINISHED_ON_DEMAND_SNAPSHOT", undefined],
		["POST", undefined, undefined, "ATLAS_NO_REPLY"],
	]);
	expect(observed[1]).toMatchObject({ projectId: r.simulator.projectId, rateLimitRemaining: 1199 });
	expect(observed[1]?.path).not.toContain("?");
});
