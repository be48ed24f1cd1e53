import * as v from "valibot";
import type { Refusal } from "../../loopback.ts";
import { ROLES } from "../state/model.ts";
import { changeSettings } from "../state/settings.ts";
import { takeSnapshot, viewSnapshot } from "../state/snapshots.ts";
import type { AtlasState } from "../state/state.ts";
import { FaultSchema } from "./faults.ts";
import type { ApiReply, ApiRequest } from "./request.ts";
import type { ServerContext } from "./server.ts";

const Positive = v.pipe(v.number(), v.minValue(0));
const Limit = v.strictObject({
	capacity: Positive,
	refillRate: Positive,
	refillSeconds: v.pipe(v.number(), v.minValue(0.001)),
});
const RefusalSchema = v.strictObject({ status: Positive, errorCode: v.string() });

const Settings = v.partial(
	v.strictObject({
		snapshotSeconds: Positive,
		conflictStatus: v.picklist([400, 409]),
		itemsPerPage: Positive,
		itemsPerPageCap: Positive,
		listDelaySeconds: Positive,
		listOrder: v.picklist(["oldestFirst", "newestFirst"]),
		envelopeKey: v.picklist(["content", "envelope"]),
		tokenSeconds: Positive,
		tokensPerMinute: Positive,
		liveTokens: Positive,
		tokenErrorStyle: v.picklist(["rfc6749", "apiError"]),
		digestAlgorithms: v.array(v.picklist(["MD5", "SHA-256"])),
		nonceSeconds: Positive,
		nonceUses: Positive,
		nonceCountsRise: v.boolean(),
		unauthorizedErrorCode: v.nullable(v.string()),
		rateLimitHeaders: v.boolean(),
		buckets: v.partial(v.strictObject({ backups: Limit, clusters: Limit, groups: Limit })),
		accessList: v.nullable(v.array(v.string())),
		clientAddress: v.nullable(v.string()),
		goneVersions: v.array(v.string()),
		upgrading: v.boolean(),
		deleteSeconds: Positive,
		refusals: v.partial(
			v.strictObject({
				tenant: RefusalSchema,
				paused: RefusalSchema,
				backupOff: RefusalSchema,
				creating: RefusalSchema,
				deleting: RefusalSchema,
			}),
		),
	}),
);

const Tags = v.array(v.strictObject({ key: v.string(), value: v.string() }));
const Plan = v.partial(
	v.strictObject({
		seconds: Positive,
		ending: v.picklist(["completed", "failed", "vanished", "endless"]),
		unknownStatus: v.string(),
		snapshotType: v.picklist(["onDemand", "fallback", "scheduled"]),
		sizeBytes: Positive,
		copyRegions: v.array(v.string()),
	}),
);
const ClusterChange = v.partial(
	v.strictObject({
		kind: v.picklist(["replicaSet", "sharded", "flex", "tenant"]),
		stateName: v.picklist(["IDLE", "CREATING", "UPDATING", "DELETING", "REPAIRING"]),
		backupEnabled: v.boolean(),
		paused: v.boolean(),
		tags: Tags,
		plan: Plan,
		nextPlans: v.array(Plan),
	}),
);
const Named = v.object({ projectId: v.string(), cluster: v.string() });

/** What `POST /_control/world` may turn. Unknown members are refused. */
const Change = v.partial(
	v.strictObject({
		settings: Settings,
		roles: v.array(v.picklist(ROLES)),
		/** By project id; null takes the project's own roles or policy away. */
		projects: v.record(
			v.string(),
			v.partial(
				v.strictObject({
					roles: v.nullable(v.array(v.picklist(ROLES))),
					compliancePolicy: v.nullable(v.strictObject({ onDemandDays: Positive })),
				}),
			),
		),
		addClusters: v.array(v.strictObject({ ...Named.entries, set: v.optional(ClusterChange) })),
		clusters: v.array(v.strictObject({ ...Named.entries, set: ClusterChange })),
		removeClusters: v.array(v.strictObject(Named.entries)),
		/** Snapshots that somebody else takes. */
		take: v.array(
			v.strictObject({
				...Named.entries,
				description: v.optional(v.string()),
				retentionInDays: v.optional(v.pipe(v.number(), v.minValue(1)), 1),
				plan: v.optional(Plan),
			}),
		),
		removeSnapshots: v.array(v.strictObject({ ...Named.entries, snapshotId: v.string() })),
		rotateKeys: v.boolean(),
		retireOldKeys: v.boolean(),
	}),
);

/** Changes the state. @throws ValiError for a malformed change, Error for a project or cluster that is not there */
function applyChange(state: AtlasState, given: unknown): void {
	const change = v.parse(Change, given);
	changeSettings(state.settings, change.settings ?? {});
	if (change.roles !== undefined) state.roles = change.roles;
	for (const [id, { roles, compliancePolicy }] of Object.entries(change.projects ?? {})) {
		const project = state.project(id);
		if (roles !== undefined) project.roles = roles ?? undefined;
		if (compliancePolicy !== undefined) project.compliancePolicy = compliancePolicy ?? undefined;
	}
	for (const { projectId, cluster, set } of change.addClusters ?? [])
		state.addCluster(projectId, { name: cluster, ...set });
	for (const { projectId, cluster, set } of change.clusters ?? [])
		Object.assign(state.cluster(projectId, cluster), set);
	for (const { projectId, cluster } of change.removeClusters ?? []) state.project(projectId).clusters.delete(cluster);
	for (const { projectId, cluster, ...request } of change.take ?? [])
		takeSnapshot(state, state.cluster(projectId, cluster), request);
	for (const { projectId, cluster, snapshotId } of change.removeSnapshots ?? []) {
		const found = state.cluster(projectId, cluster).snapshots.find(({ id }) => id === snapshotId);
		if (found !== undefined) found.deletedAt = state.now();
	}
	if (change.rotateKeys === true) state.rotateKeys();
	if (change.retireOldKeys === true) state.retireOldKeys();
}

/** The state as JSON: keys, settings, projects, clusters, and each snapshot with what it looks like now. */
function describeState(state: AtlasState) {
	const now = state.now();
	return {
		now,
		keys: state.credentials.current,
		roles: state.roles,
		settings: state.settings,
		projects: [...state.projects.values()].map(({ clusters, ...project }) => ({
			...project,
			clusters: [...clusters.values()].map(({ snapshots, ...cluster }) => ({
				...cluster,
				snapshots: snapshots.map((snapshot) => ({
					...snapshot,
					now: viewSnapshot(snapshot, state.cluster(project.id, cluster.name), now) ?? null,
				})),
			})),
		})),
	};
}

const Clock = v.strictObject({ advanceSeconds: v.pipe(v.number(), v.minValue(0)) });

const reply = (status: number, body?: unknown): ApiReply => ({
	status,
	headers: body === undefined ? {} : { "Content-Type": "application/json" },
	body: body === undefined ? "" : JSON.stringify(body),
	executed: true,
});

/**
 * The control endpoints: what a test in another process may see and turn, and no page in a browser on this machine.
 *
 * @param refusal of a request that may come from such a page
 */
export function handleControlRequest(house: ServerContext, request: ApiRequest, refusal?: Refusal): ApiReply {
	const { state, faults, log } = house;
	if (refusal) return reply(refusal.status, { detail: refusal.message });
	try {
		switch (`${request.method} ${request.path}`) {
			case "GET /_control/log":
				return reply(200, log);
			case "DELETE /_control/log":
				log.length = 0;
				return reply(204);
			case "POST /_control/faults":
				faults.add(v.parse(FaultSchema, JSON.parse(request.body)));
				return reply(204);
			case "DELETE /_control/faults":
				faults.clear();
				return reply(204);
			case "GET /_control/world":
				return reply(200, describeState(state));
			case "POST /_control/world":
				applyChange(state, JSON.parse(request.body));
				return reply(200, describeState(state));
			case "POST /_control/clock":
				state.advance(v.parse(Clock, JSON.parse(request.body)).advanceSeconds);
				return reply(204);
			default:
				return reply(404, { detail: "no such control; see the README beside the simulator" });
		}
	} catch (error) {
		return reply(400, { detail: v.isValiError(error) ? v.flatten(error.issues) : String(error) });
	}
}
