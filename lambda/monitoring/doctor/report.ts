import type { Atlas } from "../../atlas/client.ts";
import type { Cluster } from "../../domain/cluster.ts";
import type { ParsedSecret } from "../../domain/credentials.ts";
import { CHECK_NAMES, type CheckName } from "../../domain/error-table.ts";
import type { Target } from "../../domain/outcome.ts";

/** The result of a check. `skipped`: another check failed, or Atlas does not say. */
export interface Finding {
	readonly verdict: "good" | "bad" | "skipped";
	/** What is right, or what to do. */
	readonly message: string;
}

/** Whether a snapshot would succeed. */
export interface DoctorReport {
	/** No line is bad. */
	readonly healthy: boolean;
	readonly projectId?: string;
	readonly clusterName?: string;
	readonly lines: readonly (Finding & { readonly check: CheckName })[];
}

/** External calls of the checks. `Atlas` rejects with an `AtlasError`. */
export interface DoctorPorts
	extends Pick<Atlas, "listProjects" | "listClusters" | "readCluster" | "listSnapshots" | "readLeastRetention"> {
	readonly readSecret: () => Promise<Pick<ParsedSecret, "shape" | "warning">>;
	/** Requests a snapshot that Atlas must refuse: the error says whether the role would do. */
	readonly probeCreatePermission: (target: Target) => Promise<unknown>;
	/** @returns requests left in the project's backup bucket, by the last reply */
	readonly budgetLeft: () => number | undefined;
}

/** What is known so far. Checks fill it in for those after them. */
export interface CheckContext {
	projectId?: string;
	clusterName?: string;
	readonly retentionInDays: number;
	projects?: readonly { readonly id: string }[];
	cluster?: Cluster;
}

export interface DoctorCheck {
	readonly name: CheckName;
	/** Checks that must have succeeded. */
	readonly needs: readonly CheckName[];
	/** @param fail fails another check as well. Where a port rejects, the check of its error's code fails. */
	readonly check: (
		ports: DoctorPorts,
		context: CheckContext,
		fail: (check: CheckName, message: string) => void,
	) => Promise<Finding>;
}

const MARKS = { good: "✓", bad: "✗", skipped: "–" } as const satisfies Record<Finding["verdict"], string>;

/** The report for a terminal: a line per check with ✓ or ✗, or – where it was skipped. */
export function formatReport({ lines }: Pick<DoctorReport, "lines">): string {
	return lines.map(({ check, verdict, message }) => `${MARKS[verdict]} ${check.padEnd(WIDTH)}  ${message}`).join("\n");
}

const WIDTH = Math.max(...CHECK_NAMES.map(({ length }) => length));
/** Columns before the message of a line. */
export const REPORT_INDENT = WIDTH + 4;
