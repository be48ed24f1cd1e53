import type { Cluster, Snapshot } from "../state/model.ts";
import { OBJECT_ID } from "../state/projects.ts";
import {
	breaksCompliance,
	DAY,
	findSnapshot,
	hasUnfinishedOnDemand,
	ineligibleReason,
	type SnapshotView,
	takeSnapshot,
	viewSnapshot,
} from "../state/snapshots.ts";
import { ApiError } from "./errors.ts";
import {
	type ApiOperation,
	dedicatedCluster,
	type OperationContext,
	type ResponseBody,
	SNAPSHOT_VERSIONS,
} from "./operation.ts";
import { renderSnapshot } from "./render.ts";
import { pageOf, readRetention, readTaking } from "./request.ts";

const ROOM = "/groups/:groupId/clusters/:clusterName/backup/snapshots";
const JAVA = "ApiAtlasDiskBackupSnapshotsResource";

function seen({ state }: OperationContext, cluster: Cluster, snapshot: Snapshot): SnapshotView {
	const sight = viewSnapshot(snapshot, cluster, state.now());
	if (sight === undefined) throw new ApiError("SNAPSHOT_NOT_FOUND", [snapshot.id]);
	return sight;
}

const shown = (context: OperationContext, cluster: Cluster, snapshot: Snapshot) =>
	renderSnapshot(context.base, context.project, cluster, snapshot, seen(context, cluster, snapshot));

function take(context: OperationContext): ResponseBody {
	const { state, project, request } = context;
	const cluster = dedicatedCluster(context);
	const input = readTaking(request.body);
	const reason = ineligibleReason(cluster);
	if (reason !== undefined && reason !== "flex") {
		const { status, errorCode } = state.settings.refusals[reason];
		throw new ApiError(errorCode, [cluster.name, project.id], { status });
	}
	if (breaksCompliance(project, input.retentionInDays * DAY))
		throw new ApiError("SNAPSHOT_RETENTION_LESS_THAN_BACKUP_COMPLIANCE_POLICY");
	if (hasUnfinishedOnDemand(cluster, state.now()))
		throw new ApiError("UNFINISHED_ON_DEMAND_SNAPSHOT", [], { status: state.settings.conflictStatus });
	return shown(context, cluster, takeSnapshot(state, cluster, input));
}

function listOf(context: OperationContext, sharded: boolean): { cluster: Cluster; snapshots: readonly Snapshot[] } {
	const { state } = context;
	const cluster = dedicatedCluster(context);
	const now = state.now();
	const snapshots = cluster.snapshots.filter(
		(snapshot) =>
			snapshot.sharded === sharded &&
			now - snapshot.requestedAt >= state.settings.listDelaySeconds * 1000 &&
			viewSnapshot(snapshot, cluster, now) !== undefined,
	);
	return { cluster, snapshots: state.settings.listOrder === "newestFirst" ? snapshots.toReversed() : snapshots };
}

function list(context: OperationContext): ResponseBody {
	const { cluster, snapshots } = listOf(context, false);
	const { state, request, base } = context;
	return pageOf(state.settings, request, base, snapshots, (snapshot) => shown(context, cluster, snapshot));
}

/** The list of sharded snapshots takes no paging parameters and shows everything. */
function listSharded(context: OperationContext): ResponseBody {
	const { cluster, snapshots } = listOf(context, true);
	return {
		links: [{ href: `${context.base}${context.request.path}`, rel: "self" }],
		results: snapshots.map((snapshot) => shown(context, cluster, snapshot)),
		totalCount: snapshots.length,
	};
}

function find(context: OperationContext, cluster: Cluster): Snapshot {
	const id = context.params["snapshotId"] ?? "";
	if (!OBJECT_ID.test(id)) throw new ApiError("INVALID_SNAPSHOT_ID", [id]);
	const snapshot = findSnapshot(cluster, id, context.state.now());
	if (snapshot === undefined) throw new ApiError("SNAPSHOT_NOT_FOUND", [id]);
	return snapshot;
}

function get(context: OperationContext): ResponseBody {
	const cluster = dedicatedCluster(context);
	return shown(context, cluster, find(context, cluster));
}

/** The singular path knows sharded snapshots only. */
function getSharded(context: OperationContext): ResponseBody {
	const cluster = dedicatedCluster(context);
	const snapshot = find(context, cluster);
	if (!snapshot.sharded) throw new ApiError("SNAPSHOT_NOT_FOUND", [snapshot.id]);
	return shown(context, cluster, snapshot);
}

function remove(context: OperationContext): ResponseBody {
	const { state, project, params } = context;
	const cluster = dedicatedCluster(context);
	const isMember = ({ members }: Snapshot): boolean => members.some(({ id }) => id === params["snapshotId"]);
	if (cluster.snapshots.some(isMember)) throw new ApiError("CANNOT_DELETE_FROM_CLUSTER_SNAPSHOT");
	const snapshot = find(context, cluster);
	if (project.compliancePolicy !== undefined)
		throw new ApiError("CANNOT_DELETE_SNAPSHOT_WITH_BACKUP_COMPLIANCE_POLICY");
	if (!seen(context, cluster, snapshot).ended) throw new ApiError("CANNOT_DELETE_IN_PROGRESS_SNAPSHOT");
	snapshot.deletedAt ??= state.now() + state.settings.deleteSeconds * 1000;
	return undefined;
}

function retain(context: OperationContext): ResponseBody {
	const cluster = dedicatedCluster(context);
	const snapshot = find(context, cluster);
	const retention = readRetention(context.request.body);
	if (!seen(context, cluster, snapshot).ended) throw new ApiError("CANNOT_MODIFY_IN_PROGRESS_SNAPSHOT_RETENTION");
	if (breaksCompliance(context.project, retention))
		throw new ApiError("SNAPSHOT_RETENTION_LESS_THAN_BACKUP_COMPLIANCE_POLICY");
	snapshot.retention = retention;
	return shown(context, cluster, snapshot);
}

const common = { versions: SNAPSHOT_VERSIONS, bucket: "backups" } as const;
const reader = { ...common, role: "Project Read Only" } as const;
const manager = { ...common, role: "Project Backup Manager" } as const;

export const snapshotOperations: readonly ApiOperation[] = [
	{
		...common,
		kind: "take",
		method: "POST",
		path: ROOM,
		role: "Project Backup Creator",
		javaMethod: `${JAVA}::onDemandSnapshot`,
		run: take,
	},
	{ ...reader, kind: "list", method: "GET", path: ROOM, javaMethod: `${JAVA}::getSnapshots`, run: list },
	{ ...reader, kind: "listSharded", method: "GET", path: `${ROOM}/shardedClusters`, run: listSharded },
	{ ...reader, kind: "getSharded", method: "GET", path: `${ROOM}/shardedCluster/:snapshotId`, run: getSharded },
	{ ...reader, kind: "get", method: "GET", path: `${ROOM}/:snapshotId`, javaMethod: `${JAVA}::getSnapshot`, run: get },
	{
		...manager,
		kind: "delete",
		method: "DELETE",
		path: `${ROOM}/:snapshotId`,
		javaMethod: `${JAVA}::deleteSnapshot`,
		run: remove,
	},
	{ ...manager, kind: "delete", method: "DELETE", path: `${ROOM}/shardedCluster/:snapshotId`, run: remove },
	{ ...manager, kind: "retain", method: "PATCH", path: `${ROOM}/:snapshotId`, run: retain },
];
