import { subscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { readCommand, readWholeNumber } from "../cli/command.ts";

const USAGE = `npm run fleet -- [PROJECTS [CLUSTERS [SNAPSHOT_SECONDS]]]
one request for PROJECTS (default 40) projects of CLUSTERS (25) clusters each,
of which one in ten is paused and one in ten fails, through the real function on
the local durable runner with skipped time; prints one JSON object of figures
  --help, -h

exit code: 0 every target has exactly one final state, 1 some have not,
           2 the call was wrong`;

const [PROJECTS, CLUSTERS, SNAPSHOT_SECONDS] = readCommand(
	USAGE,
	{},
	(_flags, [projects = "40", clusters = "25", seconds = "160"]) => [
		readWholeNumber("PROJECTS", projects, 1),
		readWholeNumber("CLUSTERS", clusters, 1),
		readWholeNumber("SNAPSHOT_SECONDS", seconds, 1),
	],
	3,
);

const { now: realNow } = Date;
const print = process.stdout.write.bind(process.stdout);
process.stdout.write = () => true;
process.env["POWERTOOLS_LOG_LEVEL"] = "SILENT";
process.env["POWERTOOLS_METRICS_DISABLED"] = "true";
const { startHarness } = await import("../../test/harness/harness.ts");

const projects = Array.from({ length: PROJECTS }, (_, p) => ({
	name: `project-${p}`,
	clusters: Array.from({ length: CLUSTERS }, (_, c) => ({
		name: `cluster-${c}`,
		...(c % 10 === 3 ? { paused: true } : {}),
		...(c % 10 === 7 ? { plan: { ending: "failed" as const } } : {}),
	})),
}));
/** Open at the same time. */
const sockets = new Set<Socket>();
let mostSockets = 0;
subscribe("undici:client:connected", (message) => {
	const { socket } = message as { readonly socket: Socket };
	sockets.add(socket);
	mostSockets = Math.max(mostSockets, sockets.size);
	socket.once("close", () => sockets.delete(socket));
});
const startedAt = realNow();
await using stage = await startHarness({ atlas: { projects, snapshotSeconds: SNAPSHOT_SECONDS }, auth: "oauth" });
const { result, history } = await stage.runRequest({ clusters: "all", projectId: undefined });

const seconds = (realNow() - startedAt) / 1000;
const finals = stage.published().filter(({ state }) => state !== "STARTED" && state !== "LATE");
const told = new Map<string, number>();
for (const { projectId, clusterName } of finals) {
	const target = `${projectId}/${clusterName}`;
	told.set(target, (told.get(target) ?? 0) + 1);
}
const states: Record<string, number> = {};
for (const { state } of result.targets) states[state] = (states[state] ?? 0) + 1;
const took = (kind: string) =>
	stage.atlas.log.filter((request) => request.kind === kind && request.status === 200).length;
const snapshots = [...stage.atlas.state.projects.values()].flatMap(({ clusters }) =>
	[...clusters.values()].map((cluster) => cluster.snapshots.length),
);
const figures = {
	projects: PROJECTS,
	clusters: CLUSTERS,
	targets: result.targets.length,
	states,
	withoutFinalState: PROJECTS * CLUSTERS - told.size,
	withSeveralFinalStates: [...told.values()].filter((count) => count > 1).length,
	duplicates: snapshots.filter((count) => count > 1).length,
	operations: countOperations(history),
	sockets: mostSockets,
	tokens: took("token"),
	requests: stage.atlas.log.length,
	seconds: Math.round(seconds * 10) / 10,
	megabytes: Math.round(process.resourceUsage().maxRSS / 1024),
};
print(`${JSON.stringify(figures)}\n`);
process.exitCode =
	figures.withoutFinalState + figures.withSeveralFinalStates + figures.duplicates === 0 &&
	figures.targets === PROJECTS * CLUSTERS
		? 0
		: 1;

/** Operations of the first execution, its parts' not counted: each attempt, wait, check, context and invocation is one. */
function countOperations(history: readonly unknown[]): number {
	return history.filter(
		(event) =>
			typeof event === "object" && event !== null && "EventType" in event && /Started$/.test(String(event.EventType)),
	).length;
}
