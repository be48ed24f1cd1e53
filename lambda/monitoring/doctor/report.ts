import type { Cluster } from "../../domain/cluster.ts";
import { CHECK_NAMES, type CheckName } from "../../domain/error-table.ts";
import type { Target } from "../../domain/outcome.ts";
import type { Snapshot, SnapshotKind } from "../../domain/snapshot.ts";

/** What a check found. `skipped`: it could not be made, because of another line or because Atlas does not tell. */
export interface Finding {
	readonly verdict: "good" | "bad" | "skipped";
	/** What is well, or what to mend. */
	readonly message: string;
}

interface Line extends Finding {
	readonly check: CheckName;
}

/** Whether a snapshot would succeed, a line per check. */
export interface DoctorReport {
	/** No line is bad. */
	readonly healthy: boolean;
	readonly projectId?: string;
	readonly clusterName?: string;
	readonly lines: readonly Line[];
}

const MARKS = { good: "✓", bad: "✗", skipped: "–" } as const satisfies Record<Finding["verdict"], string>;

/** The report for a terminal: a line per check, ✓ or ✗, or – where it could not be made. */
export function formatReport({ lines }: Pick<DoctorReport, "lines">): string {
	return lines.map(({ check, verdict, message }) => `${MARKS[verdict]} ${check.padEnd(WIDTH)}  ${message}`).join("\n");
}

const WIDTH = Math.max(...CHECK_NAMES.map(({ length }) => length));
/** Columns before the message of a line. */
export const REPORT_INDENT = WIDTH + 4;

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
