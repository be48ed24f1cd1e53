import { expect, test } from "vitest";
import { REQUEST, startAtlasClient } from "../harness/atlas-client.ts";

test("calls that share a refused challenge each tell of their own cluster", async () => {
	await using on = await startAtlasClient("digest");
	on.simulator.faults.add({ on: { kind: "challenge", times: "always" }, do: { type: "status", status: 503 } });

	const ended = await Promise.allSettled(on.targets.map((target) => on.atlas.takeSnapshot(target, REQUEST)));

	expect(
		ended.map((end) => (end.status === "rejected" ? String(end.reason.message).split(" of ")[0] : "taken")),
	).toEqual(on.targets.map(({ clusterName }) => `cluster ${clusterName}`));
});
