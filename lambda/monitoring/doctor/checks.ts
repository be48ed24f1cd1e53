import type { Cluster } from "../../domain/cluster.ts";
import { ineligibleReason } from "../../domain/cluster.ts";
import { type CheckName, errorInfo } from "../../domain/error-table.ts";
import { classifyFailure } from "../../domain/failure.ts";
import { isOnDemand, isRunning, type Snapshot, snapshotKindOfCluster } from "../../domain/snapshot.ts";
import type { DoctorPorts, Finding } from "./report.ts";

/** What is known so far. Checks fill it in for those after them. */
export interface CheckContext {
	projectId?: string;
	clusterName?: string;
	readonly retentionInDays: number;
	projects?: readonly { readonly id: string }[];
	cluster?: Cluster;
}

/** One check: it finds, or rejects as a port does, or blames another line and goes on. */
export interface DoctorCheck {
	readonly name: CheckName;
	/** Checks that must have gone well before. */
	readonly needs: readonly CheckName[];
	readonly check: (
		ports: DoctorPorts,
		context: CheckContext,
		blame: (check: CheckName, message: string) => void,
	) => Promise<Finding>;
}

const good = (message: string): Finding => ({ verdict: "good", message });
const bad = (message: string): Finding => ({ verdict: "bad", message });
const skipped = (message: string): Finding => ({ verdict: "skipped", message });

/** Requests left below which a run would soon be throttled: a snapshot of an hour takes some thirty. */
const FEW = 30;

/** A check of the cluster by the rule that selects clusters, applied to some of its fields only. */
const ofCluster = (
	name: CheckName,
	needs: readonly CheckName[],
	fields: (cluster: Cluster) => Partial<Cluster>,
	message: string,
): DoctorCheck => ({
	name,
	needs,
	check: async (_ports, { cluster }) => {
		const reason = cluster && ineligibleReason({ name: cluster.name, ...fields(cluster) });
		return reason ? bad(reason.message) : good(message);
	},
});

/** Every check, each after those that it needs. */
export const CHECKS: readonly DoctorCheck[] = [
	{
		name: "secret",
		needs: [],
		check: async (ports) => {
			const { shape, warning } = await ports.readSecret();
			return good(`readable; it holds ${shape}${warning === undefined ? "" : ` (${warning})`}`);
		},
	},
	{
		name: "atlas",
		needs: ["secret"],
		// One request tells of three lines: whether Atlas answers, takes the key, and takes it from this address.
		check: async (ports, context, blame) => {
			try {
				context.projects = await ports.listProjects();
			} catch (error) {
				const { code, reason } = classifyFailure(error);
				const failedCheck = errorInfo(code)?.check;
				if (!failedCheck || !BEFORE_REQUEST.has(failedCheck)) throw error;
				blame(failedCheck, reason.message);
			}
			return good("answers");
		},
	},
	{ name: "key", needs: ["atlas"], check: async () => good("accepted") },
	{ name: "address", needs: ["key"], check: async () => good("on the access list of the key, or there is no list") },
	{
		name: "project",
		needs: ["address"],
		check: async (ports, context) => {
			const { projects = [] } = context;
			context.projectId ??= projects[0]?.id;
			const { projectId } = context;
			if (projectId === undefined)
				return bad("the keys see no project; add them to one, in Atlas under Project Access");
			// What is not among the projects is asked for by itself: the refusal says why.
			if (!projects.some(({ id }) => id === projectId)) await ports.listClusters(projectId);
			return good(`found: ${projectId}`);
		},
	},
	{
		name: "cluster",
		needs: ["project"],
		check: async (ports, context, blame) => {
			const { projectId = "" } = context;
			if (context.clusterName === undefined) {
				const clusters = await ports.listClusters(projectId);
				context.cluster = clusters.find((cluster) => ineligibleReason(cluster) === undefined) ?? clusters[0];
				context.clusterName = context.cluster?.name;
				return context.cluster ? good(`found: ${context.cluster.name}`) : bad("the project has no cluster");
			}
			try {
				context.cluster = await ports.readCluster({ projectId, clusterName: context.clusterName });
			} catch (error) {
				const { code, reason } = classifyFailure(error);
				if (code !== "ATLAS_NOT_DEDICATED") throw error;
				blame("tier", reason.message);
			}
			return good(`found: ${context.clusterName}`);
		},
	},
	{
		name: "role",
		needs: ["cluster"],
		check: async (ports, { projectId = "", clusterName = "" }) => {
			const refusal = await ports.probeCreatePermission({ projectId, clusterName }).then(
				() => undefined,
				(error: unknown) => error,
			);
			if (refusal === undefined)
				return bad("Atlas took a snapshot that it had to refuse; tell the authors, and delete it");
			if (!RETENTION_REFUSED.has(classifyFailure(refusal).reason.code)) throw refusal;
			return good("enough to take a snapshot: Atlas looked at the request, and refused it for what it asked");
		},
	},
	ofCluster(
		"tier",
		["cluster"],
		({ replicationSpecs, providerSettings }) => ({ replicationSpecs, providerSettings }),
		"dedicated",
	),
	ofCluster("state", ["tier"], ({ stateName }) => ({ stateName }), "neither being created nor deleted"),
	ofCluster("paused", ["tier"], ({ paused }) => ({ paused }), "not paused"),
	ofCluster("backup", ["tier"], ({ backupEnabled }) => ({ backupEnabled }), "Cloud Backup is on"),
	{
		name: "retention",
		needs: ["project"],
		check: async (ports, { projectId = "", retentionInDays }) => {
			try {
				const least = await ports.readLeastRetention(projectId);
				if (least === undefined) return good("no Backup Compliance Policy asks for a longer one");
				if (least <= retentionInDays)
					return good(`${retentionInDays} days; the Backup Compliance Policy asks for ${least}`);
				return bad(`the Backup Compliance Policy asks for ${least} days; request retentionInDays of ${least} or more`);
			} catch (error) {
				const { code } = classifyFailure(error);
				if (code === "ATLAS_NOT_FOUND") return good("there is no Backup Compliance Policy");
				if (code === "ATLAS_ROLE_MISSING") return skipped("the keys may not read the Backup Compliance Policy");
				throw error;
			}
		},
	},
	{
		name: "running",
		needs: ["tier"],
		check: async (ports, { projectId = "", clusterName = "", cluster }) => {
			const kind = snapshotKindOfCluster(cluster?.clusterType);
			const snapshots = await ports.listSnapshots({ projectId, clusterName }, kind);
			const running = snapshots.find((snapshot: Snapshot) => isOnDemand(snapshot) && isRunning(snapshot));
			if (!running) return good("no on-demand snapshot is running");
			return bad(`snapshot ${running.id} is running; wait for its end, or choose how to meet it by onConflict`);
		},
	},
	{
		name: "budget",
		needs: ["project"],
		check: async (ports) => {
			const left = ports.budgetLeft();
			if (left === undefined)
				return skipped("nothing was asked of the backup budget, or Atlas does not tell what is left");
			if (left >= FEW) return good(`${left} requests are left in the project's backup budget`);
			return bad(`only ${left} requests are left in the project's backup budget; find out who else uses it up`);
		},
	},
];

/**
 * Atlas's error codes for a retention that no request may ask for, the one thing wrong with what is asked in vain. By
 * one of them Atlas has looked at the request, so it had no objection to the keys, their role, the bill or the cluster:
 * no call tells an API key's roles to the key itself, but a missing one is 401 `USER_UNAUTHORIZED` whatever the body holds.
 *
 * @see Atlas Administration API Error Codes
 */
const RETENTION_REFUSED: ReadonlySet<string> = new Set([
	"INVALID_ATTRIBUTE",
	"VALIDATION_ERROR",
	"ATTRIBUTE_NEGATIVE_OR_ZERO",
	"BACKUP_SNAPSHOT_RETENTION_VALUE_INVALID",
	"SNAPSHOT_RETENTION_LESS_THAN_BACKUP_COMPLIANCE_POLICY",
]);

/** Checks that are failed by a refusal which Atlas gives before it looks at what is requested. */
const BEFORE_REQUEST: ReadonlySet<unknown> = new Set(["key", "address", "budget"] satisfies CheckName[]);
