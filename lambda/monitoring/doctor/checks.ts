import { type Cluster, ineligibleReason } from "../../domain/cluster.ts";
import { type CheckName, errorInfo } from "../../domain/error-table.ts";
import { classifyFailure } from "../../domain/failure.ts";
import { isOnDemand, isRunning, snapshotKindOfCluster } from "../../domain/snapshot.ts";
import type { DoctorCheck, Finding } from "./report.ts";

const good = (message: string): Finding => ({ verdict: "good", message });
const bad = (message: string): Finding => ({ verdict: "bad", message });
const skipped = (message: string): Finding => ({ verdict: "skipped", message });

/** Requests that a snapshot of one hour needs. */
const MIN_REQUESTS = 30;

/** Applies the rule for eligible clusters to some fields of the cluster. */
const checkCluster = (
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
		// One request decides three checks: whether Atlas replies, accepts the key, and accepts the IP address.
		check: async (ports, context, fail) => {
			try {
				context.projects = await ports.listProjects();
			} catch (error) {
				const { code, reason } = classifyFailure(error);
				const failedCheck = errorInfo(code)?.check;
				if (!failedCheck || !BEFORE_REQUEST.has(failedCheck)) throw error;
				fail(failedCheck, reason.message);
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
			// For a project that is not listed, the error says why.
			if (!projects.some(({ id }) => id === projectId)) await ports.listClusters(projectId);
			return good(`found: ${projectId}`);
		},
	},
	{
		name: "cluster",
		needs: ["project"],
		check: async (ports, context, fail) => {
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
				fail("tier", reason.message);
			}
			return good(`found: ${context.clusterName}`);
		},
	},
	{
		name: "role",
		needs: ["cluster"],
		check: async (ports, { projectId = "", clusterName = "" }) => {
			try {
				await ports.probeCreatePermission({ projectId, clusterName });
			} catch (error) {
				if (!INVALID_RETENTION.has(classifyFailure(error).reason.code)) throw error;
				return good("enough to take a snapshot: Atlas refused the test request for its retention only");
			}
			return bad("Atlas took a snapshot that it had to refuse; report this defect, and delete the snapshot");
		},
	},
	checkCluster(
		"tier",
		["cluster"],
		({ replicationSpecs, providerSettings }) => ({ replicationSpecs, providerSettings }),
		"dedicated",
	),
	checkCluster("state", ["tier"], ({ stateName }) => ({ stateName }), "neither being created nor deleted"),
	checkCluster("paused", ["tier"], ({ paused }) => ({ paused }), "not paused"),
	checkCluster("backup", ["tier"], ({ backupEnabled }) => ({ backupEnabled }), "Cloud Backup is on"),
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
			const running = snapshots.find((snapshot) => isOnDemand(snapshot) && isRunning(snapshot));
			if (!running) return good("no on-demand snapshot is running");
			return bad(`snapshot ${running.id} is running; wait for its end, or choose how to meet it by onConflict`);
		},
	},
	{
		name: "budget",
		needs: ["project"],
		check: async (ports) => {
			const remaining = ports.requestsRemaining();
			if (remaining === undefined)
				return skipped("no request has drawn on the backup budget, or Atlas does not say what is left");
			if (remaining >= MIN_REQUESTS) return good(`${remaining} requests are left in the project's backup budget`);
			return bad(`only ${remaining} requests are left in the project's backup budget; find out who else uses it up`);
		},
	},
];

/**
 * Atlas's error codes for an invalid retention, the only fault of the test request. They show that Atlas accepts the keys,
 * their role, the billing state and the cluster. (An API key cannot list its own roles, but a missing role is 401
 * `USER_UNAUTHORIZED` whatever the body is.)
 *
 * @see Atlas Administration API Error Codes
 */
const INVALID_RETENTION: ReadonlySet<string> = new Set([
	"INVALID_ATTRIBUTE",
	"VALIDATION_ERROR",
	"ATTRIBUTE_NEGATIVE_OR_ZERO",
	"BACKUP_SNAPSHOT_RETENTION_VALUE_INVALID",
	"SNAPSHOT_RETENTION_LESS_THAN_BACKUP_COMPLIANCE_POLICY",
]);

/** Checks that fail before Atlas reads the request. */
const BEFORE_REQUEST: ReadonlySet<unknown> = new Set(["key", "address", "budget"] satisfies CheckName[]);
