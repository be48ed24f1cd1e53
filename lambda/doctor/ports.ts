import type { Cluster } from "../domain/cluster.ts";
import type { Target } from "../domain/outcome.ts";
import type { Snapshot, SnapshotKind } from "../domain/snapshot.ts";

/** External calls that the checks make. Each rejects as the ports of a run do. */
export interface DoctorPorts {
	/** @returns the two fields of the secret that are used, and a doubt about the others */
	readSecret(): Promise<{ readonly shape: string; readonly warning?: string }>;
	listProjects(): Promise<readonly { readonly id: string }[]>;
	listClusters(projectId: string): Promise<readonly Cluster[]>;
	readCluster(target: Target): Promise<Cluster>;
	listSnapshots(target: Target, kind?: SnapshotKind): Promise<readonly Snapshot[]>;
	/** @returns whole days that a Backup Compliance Policy asks for at least */
	readLeastRetention(projectId: string): Promise<number | undefined>;
	/**
	 * Requests a snapshot that Atlas must refuse, so that the refusal tells whether the role would do: it takes nothing.
	 * Always rejects, unless Atlas keeps to no rule.
	 */
	probeCreatePermission(target: Target): Promise<unknown>;
	/** @returns requests left in the project's backup bucket, as the last reply told */
	budgetLeft(): number | undefined;
}
