import type { Atlas } from "../../atlas/client.ts";
import type { Cluster } from "../../domain/cluster.ts";
import type { ParsedSecret } from "../../domain/credentials.ts";
import { CHECK_NAMES, type CheckName } from "../../domain/error-table.ts";
import type { Target } from "../../domain/outcome.ts";

/** The result of a check. It is skipped if another check failed, or Atlas does not provide the data. */
export interface Finding {
	readonly verdict: "good" | "bad" | "skipped";
	/** Says what is right, or what to do. */
	readonly message: string;
}

/** Whether a snapshot would succeed. */
export interface DoctorReport {
	/** Whether no line is bad. */
	readonly healthy: boolean;
	readonly projectId?: string;
	readonly clusterName?: string;
	readonly lines: readonly (Finding & { readonly check: CheckName })[];
}

/** External calls of the checks. `Atlas` rejects with an `AtlasError`. */
export interface DoctorPorts
	extends Pick<Atlas, "listProjects" | "listClusters" | "readCluster" | "listSnapshots" | "readLeastRetention"> {
	readonly readSecret: () => Promise<Pick<ParsedSecret, "shape" | "warning">>;
	/** Requests a snapshot that Atlas must refuse: the error shows whether the role is sufficient. */
	readonly probeCreatePermission: (target: Target) => Promise<unknown>;
	/** @returns requests left in the project's backup rate limit, by the last reply */
	readonly requestsRemaining: () => number | undefined;
}

/** What earlier checks found, for later ones. */
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
	/** @param fail fails another check as well. If a port rejects, the check of its error code fails. */
	readonly check: (
		ports: DoctorPorts,
		context: CheckContext,
		fail: (check: CheckName, message: string) => void,
	) => Promise<Finding>;
}

const MARKS = { good: "✓", bad: "✗", skipped: "–" } as const satisfies Record<Finding["verdict"], string>;

/** The report as text: one line per check with ✓, ✗, or – if it was skipped. */
export function formatReport({ lines }: Pick<DoctorReport, "lines">): string {
	return lines.map(({ check, verdict, message }) => `${MARKS[verdict]} ${check.padEnd(WIDTH)}  ${message}`).join("\n");
}

const WIDTH = Math.max(...CHECK_NAMES.map(({ length }) => length));
/** Columns before the message of a line. */
export const REPORT_INDENT = WIDTH + 4;
