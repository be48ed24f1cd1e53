import type { SimulatedCluster, SimulatedSnapshot } from "../state/model.ts";
import { OBJECT_ID } from "../state/projects.ts";
import { breaksCompliance, hasUnfinishedOnDemand, refusalOf, takeSnapshot, viewSnapshot } from "../state/snapshots.ts";
import { ApiError } from "./errors.ts";
import { type ApiOperation, findCluster, type OperationContext } from "./operation.ts";
import { renderSnapshot } from "./render.ts";
import { pageOf, readOnDemandRequest } from "./request.ts";

/** @throws ApiError 404 where it is no longer there */
function render(
	{ base, project, state }: OperationContext,
	cluster: SimulatedCluster,
	snapshot: SimulatedSnapshot,
): object {
	const view = viewSnapshot(snapshot, cluster, state.now());
	if (view === undefined) throw new ApiError("SNAPSHOT_NOT_FOUND", [snapshot.id]);
	return renderSnapshot(base, project, cluster, snapshot, view);
}

function take(context: OperationContext): object {
	const { state, project } = context;
	const cluster = findCluster(context);
	const onDemand = readOnDemandRequest(context.request.body);
	const reason = refusalOf(cluster);
	if (reason !== undefined && reason !== "flex") {
		const { status, errorCode } = state.settings.refusals[reason];
		throw new ApiError(errorCode, [cluster.name, project.id], { status });
	}
	if (breaksCompliance(project, onDemand.retentionInDays))
		throw new ApiError("SNAPSHOT_RETENTION_LESS_THAN_BACKUP_COMPLIANCE_POLICY");
	if (hasUnfinishedOnDemand(cluster, state.now()))
		throw new ApiError("UNFINISHED_ON_DEMAND_SNAPSHOT", [], { status: state.settings.conflictStatus });
	return render(context, cluster, takeSnapshot(state, cluster, onDemand));
}

function listed(
	{ state }: OperationContext,
	cluster: SimulatedCluster,
	sharded: boolean,
): readonly SimulatedSnapshot[] {
	const now = state.now();
	const snapshots = cluster.snapshots.filter(
		(snapshot) =>
			snapshot.sharded === sharded &&
			now - snapshot.requestedAt >= state.settings.listDelaySeconds * 1000 &&
			viewSnapshot(snapshot, cluster, now) !== undefined,
	);
	return state.settings.listOrder === "newestFirst" ? snapshots.toReversed() : snapshots;
}

function list(context: OperationContext): object {
	const { state, request, base } = context;
	const cluster = findCluster(context);
	const snapshots = listed(context, cluster, false);
	return pageOf(state.settings, request, base, snapshots, (snapshot) => render(context, cluster, snapshot));
}

/** The list of sharded snapshots takes no paging parameters and shows everything. */
function listSharded(context: OperationContext): object {
	const cluster = findCluster(context);
	const results = listed(context, cluster, true).map((snapshot) => render(context, cluster, snapshot));
	const links = [{ href: `${context.base}${context.request.path}`, rel: "self" }];
	return { links, results, totalCount: results.length };
}

function get(context: OperationContext, shardedOnly = false): object {
	const cluster = findCluster(context);
	const snapshotId = context.params["snapshotId"] ?? "";
	if (!OBJECT_ID.test(snapshotId)) throw new ApiError("INVALID_SNAPSHOT_ID", [snapshotId]);
	const snapshot = cluster.snapshots.find(({ id }) => id === snapshotId);
	if (snapshot === undefined || (shardedOnly && !snapshot.sharded))
		throw new ApiError("SNAPSHOT_NOT_FOUND", [snapshotId]);
	return render(context, cluster, snapshot);
}

const SNAPSHOTS = "/groups/:groupId/clusters/:clusterName/backup/snapshots";
const JAVA = "ApiAtlasDiskBackupSnapshotsResource";
const common = { versions: [{ date: "2023-01-01" }], bucket: "backups" } as const;
const read = { ...common, method: "GET", role: "Project Read Only" } as const;

export const snapshotOperations: readonly ApiOperation[] = [
	{
		...common,
		kind: "take",
		method: "POST",
		path: SNAPSHOTS,
		role: "Project Backup Creator",
		javaMethod: `${JAVA}::onDemandSnapshot`,
		run: take,
	},
	{ ...read, kind: "list", path: SNAPSHOTS, javaMethod: `${JAVA}::getSnapshots`, run: list },
	{ ...read, kind: "listSharded", path: `${SNAPSHOTS}/shardedClusters`, run: listSharded },
	{
		...read,
		kind: "get",
		path: `${SNAPSHOTS}/:snapshotId`,
		javaMethod: `${JAVA}::getSnapshot`,
		run: (context) => get(context),
	},
	// The `self` link of a sharded snapshot.
	{
		...read,
		kind: "getSharded",
		path: `${SNAPSHOTS}/shardedCluster/:snapshotId`,
		run: (context) => get(context, true),
	},
];
