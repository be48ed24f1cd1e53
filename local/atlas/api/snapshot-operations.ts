import type { Cluster, Snapshot } from "../state/model.ts";
import { OBJECT_ID } from "../state/object-id.ts";
import { breaksCompliance, DAY, findSnapshot, ineligible, isTaking, takeSnapshot } from "../state/taking.ts";
import { lookAt, type Sight } from "../state/timeline.ts";
import { readRetention, readTaking } from "./bodies.ts";
import { type Admitted, type Answer, dedicatedCluster, type Operation, SNAPSHOT_VERSIONS } from "./operation.ts";
import { pageOf } from "./paging.ts";
import { Refused } from "./refused.ts";
import { renderSnapshot } from "./render-snapshot.ts";

const ROOM = "/groups/:groupId/clusters/:clusterName/backup/snapshots";
const JAVA = "ApiAtlasDiskBackupSnapshotsResource";

function seen({ world }: Admitted, cluster: Cluster, snapshot: Snapshot): Sight {
	const sight = lookAt(snapshot, cluster, world.now());
	if (sight === undefined) throw new Refused("SNAPSHOT_NOT_FOUND", [snapshot.id]);
	return sight;
}

const shown = (admitted: Admitted, cluster: Cluster, snapshot: Snapshot) =>
	renderSnapshot(admitted.base, admitted.project, cluster, snapshot, seen(admitted, cluster, snapshot));

function take(admitted: Admitted): Answer {
	const { world, project, exchange } = admitted;
	const cluster = dedicatedCluster(admitted);
	const request = readTaking(exchange.body);
	const reason = ineligible(cluster);
	if (reason !== undefined && reason !== "flex") {
		const { status, errorCode } = world.settings.refusals[reason];
		throw new Refused(errorCode, [cluster.name, project.id], { status });
	}
	if (breaksCompliance(project, request.retentionInDays * DAY))
		throw new Refused("SNAPSHOT_RETENTION_LESS_THAN_BACKUP_COMPLIANCE_POLICY");
	if (isTaking(cluster, world.now()))
		throw new Refused("UNFINISHED_ON_DEMAND_SNAPSHOT", [], { status: world.settings.conflictStatus });
	return shown(admitted, cluster, takeSnapshot(world, cluster, request));
}

function listOf(admitted: Admitted, sharded: boolean): { cluster: Cluster; snapshots: readonly Snapshot[] } {
	const { world } = admitted;
	const cluster = dedicatedCluster(admitted);
	const now = world.now();
	const snapshots = cluster.snapshots.filter(
		(snapshot) =>
			snapshot.sharded === sharded &&
			now - snapshot.requestedAt >= world.settings.listDelaySeconds * 1000 &&
			lookAt(snapshot, cluster, now) !== undefined,
	);
	return { cluster, snapshots: world.settings.listOrder === "newestFirst" ? snapshots.toReversed() : snapshots };
}

function list(admitted: Admitted): Answer {
	const { cluster, snapshots } = listOf(admitted, false);
	const { world, exchange, base } = admitted;
	return pageOf(world.settings, exchange, base, snapshots, (snapshot) => shown(admitted, cluster, snapshot));
}

/** The list of sharded snapshots takes no paging parameters and shows everything. */
function listSharded(admitted: Admitted): Answer {
	const { cluster, snapshots } = listOf(admitted, true);
	return {
		links: [{ href: `${admitted.base}${admitted.exchange.path}`, rel: "self" }],
		results: snapshots.map((snapshot) => shown(admitted, cluster, snapshot)),
		totalCount: snapshots.length,
	};
}

function find(admitted: Admitted, cluster: Cluster): Snapshot {
	const id = admitted.params["snapshotId"] ?? "";
	if (!OBJECT_ID.test(id)) throw new Refused("INVALID_SNAPSHOT_ID", [id]);
	const snapshot = findSnapshot(cluster, id, admitted.world.now());
	if (snapshot === undefined) throw new Refused("SNAPSHOT_NOT_FOUND", [id]);
	return snapshot;
}

function get(admitted: Admitted): Answer {
	const cluster = dedicatedCluster(admitted);
	return shown(admitted, cluster, find(admitted, cluster));
}

/** The singular path knows sharded snapshots only. */
function getSharded(admitted: Admitted): Answer {
	const cluster = dedicatedCluster(admitted);
	const snapshot = find(admitted, cluster);
	if (!snapshot.sharded) throw new Refused("SNAPSHOT_NOT_FOUND", [snapshot.id]);
	return shown(admitted, cluster, snapshot);
}

function remove(admitted: Admitted): Answer {
	const { world, project, params } = admitted;
	const cluster = dedicatedCluster(admitted);
	const isMember = ({ members }: Snapshot): boolean => members.some(({ id }) => id === params["snapshotId"]);
	if (cluster.snapshots.some(isMember)) throw new Refused("CANNOT_DELETE_FROM_CLUSTER_SNAPSHOT");
	const snapshot = find(admitted, cluster);
	if (project.compliancePolicy !== undefined) throw new Refused("CANNOT_DELETE_SNAPSHOT_WITH_BACKUP_COMPLIANCE_POLICY");
	if (!seen(admitted, cluster, snapshot).ended) throw new Refused("CANNOT_DELETE_IN_PROGRESS_SNAPSHOT");
	snapshot.deletedAt ??= world.now() + world.settings.deleteSeconds * 1000;
	return undefined;
}

function retain(admitted: Admitted): Answer {
	const cluster = dedicatedCluster(admitted);
	const snapshot = find(admitted, cluster);
	const retention = readRetention(admitted.exchange.body);
	if (!seen(admitted, cluster, snapshot).ended) throw new Refused("CANNOT_MODIFY_IN_PROGRESS_SNAPSHOT_RETENTION");
	if (breaksCompliance(admitted.project, retention))
		throw new Refused("SNAPSHOT_RETENTION_LESS_THAN_BACKUP_COMPLIANCE_POLICY");
	snapshot.retention = retention;
	return shown(admitted, cluster, snapshot);
}

const common = { versions: SNAPSHOT_VERSIONS, bucket: "backups" } as const;
const reader = { ...common, role: "Project Read Only" } as const;
const manager = { ...common, role: "Project Backup Manager" } as const;

export const snapshotOperations: readonly Operation[] = [
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
