import * as v from "valibot";
import type { Rejection } from "../../loopback.ts";
import { ClusterFields, ROLES, SnapshotPlan } from "../state/model.ts";
import { changeSettings, SettingsChange } from "../state/settings.ts";
import { takeSnapshot, viewSnapshot } from "../state/snapshots.ts";
import type { AtlasState } from "../state/state.ts";
import { Fault } from "./faults.ts";
import type { ApiReply, ApiRequest } from "./request.ts";
import type { ServerContext } from "./server.ts";

const Cluster = { projectId: v.string(), cluster: v.string() };
const Roles = v.array(v.picklist(ROLES));

/** What `POST /_control/world` can change. Unknown members are rejected. */
const Change = v.partial(
	v.strictObject({
		settings: SettingsChange,
		roles: Roles,
		/** By project id; null removes the project's own roles or policy. */
		projects: v.record(
			v.string(),
			v.partial(
				v.strictObject({
					roles: v.nullable(Roles),
					compliancePolicy: v.nullable(v.strictObject({ onDemandDays: v.pipe(v.number(), v.minValue(0)) })),
				}),
			),
		),
		addClusters: v.array(v.strictObject({ ...Cluster, set: v.optional(v.partial(ClusterFields)) })),
		clusters: v.array(v.strictObject({ ...Cluster, set: v.partial(ClusterFields) })),
		removeClusters: v.array(v.strictObject(Cluster)),
		/** Snapshots that another client takes. */
		take: v.array(
			v.strictObject({
				...Cluster,
				description: v.optional(v.string()),
				retentionInDays: v.optional(v.pipe(v.number(), v.minValue(1)), 1),
				plan: v.optional(SnapshotPlan),
			}),
		),
		removeSnapshots: v.array(v.strictObject({ ...Cluster, snapshotId: v.string() })),
		rotateKeys: v.boolean(),
		retireOldKeys: v.boolean(),
	}),
);

/** @throws ValiError for a malformed change, Error for a project or cluster that does not exist */
function applyChange(state: AtlasState, input: unknown): void {
	const change = v.parse(Change, input);
	changeSettings(state.settings, change.settings ?? {});
	if (change.roles) state.roles = change.roles;
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
		if (found) found.deletedAt = state.now();
	}
	if (change.rotateKeys) state.rotateKeys();
	if (change.retireOldKeys) state.retireOldKeys();
}

/** The state as JSON; each snapshot with its view at this moment. */
function describeState(state: AtlasState): object {
	const now = state.now();
	const projects = [...state.projects.values()].map((project) => ({
		...project,
		clusters: [...project.clusters.values()].map((cluster) => ({
			...cluster,
			snapshots: cluster.snapshots.map((snapshot) => ({
				...snapshot,
				now: viewSnapshot(snapshot, cluster, now) ?? null,
			})),
		})),
	}));
	return { now, keys: state.credentials.current, roles: state.roles, settings: state.settings, projects };
}

const Clock = v.strictObject({ advanceSeconds: v.pipe(v.number(), v.minValue(0)) });

const reply = (status: number, body?: unknown): ApiReply => ({
	status,
	headers: body === undefined ? {} : { "Content-Type": "application/json" },
	body: body === undefined ? "" : JSON.stringify(body),
	executed: true,
});

/**
 * The control endpoints: what a test in another process can read and change.
 *
 * @param refusal of a request that may come from a web page
 */
export function handleControlRequest(context: ServerContext, request: ApiRequest, refusal?: Rejection): ApiReply {
	const { state, faults, log } = context;
	if (refusal) return reply(refusal.status, { detail: refusal.message });
	try {
		switch (`${request.method} ${request.path}`) {
			case "GET /_control/log":
				return reply(200, log);
			case "DELETE /_control/log":
				log.length = 0;
				return reply(204);
			case "POST /_control/faults":
				faults.add(v.parse(Fault, JSON.parse(request.body)));
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
