import { describe, expect, test } from "vitest";
import type { Ports } from "../../lambda/workflow/ports.ts";
import { verifySnapshot } from "../../lambda/workflow/verify.ts";
import { DEFAULT_PORTS } from "../harness/ports.ts";

const TARGET = { projectId: "32b6e34b3d91647abb20e7b8", clusterName: "c" };
const COMPLETED = { id: "68fadc400000000000000000", status: "completed", snapshotType: "onDemand", type: "replicaSet" };
const never = () => Promise.reject(new Error("is not called by the final read"));

describe("the final read", () => {
	test.each(["failed", "inProgress", "queued", "unheardOf"])(
		"that says %s is a warning, and never what the event carries",
		async (status) => {
			const ports: Ports = {
				...DEFAULT_PORTS,
				now: () => 0,
				takeSnapshot: never,
				readCluster: never,
				listClusters: never,
				listProjects: never,
				publish: never,
				readSnapshot: never,
				listSnapshots: async () => [{ ...COMPLETED, status }],
			};

			const { snapshot, warnings } = await verifySnapshot(ports, TARGET, COMPLETED, 1, 0);

			expect(snapshot).toEqual(COMPLETED);
			expect(warnings).toHaveLength(1);
			expect(warnings[0]?.message).toMatch(/no longer reports completed/);
		},
	);
});
