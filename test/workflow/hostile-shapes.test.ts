import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { isFinal } from "../../lambda/domain/outcome.ts";
import { type Fault, startAtlas } from "../../local/atlas/index.ts";
import type { FastRun } from "./children/fast-run.ts";

const CHILD = fileURLToPath(new URL("./children/fast-run.ts", import.meta.url));

const MANY_ITEMS = `{"results":[${"{},".repeat(399_999)}{}]}`;
const PAGE = Array.from({ length: 500 }, (_, i) => ({ id: String(i).padStart(24, "0"), status: "completed" }));
const ENDLESS_PAGES = JSON.stringify({ results: PAGE, links: [{ rel: "next" }] });

const always = (action: Fault["do"]): Fault[] => [{ on: { kind: "any", times: "always" }, do: action }];
const once = (kind: Fault["on"]["kind"], action: Fault["do"]): Fault => ({ on: { kind }, do: action });
/** The reply to the request for a snapshot is lost, so that the lists are looked through. */
const lost = once("take", { type: "drop", when: "after" });

/** Each is met by the cluster of this name. */
const SHAPES: Readonly<Record<string, readonly Fault[]>> = {
	"five-megabytes": always({ type: "grow", bytes: 5_000_000 }),
	"hundred-megabytes": [once("take", { type: "grow", bytes: 100_000_000 })],
	deep: always({ type: "grow", depth: 20_000 }),
	"many-items": [lost, { on: { kind: "list", times: 2 }, do: { type: "body", value: MANY_ITEMS } }],
	"deep-list": [lost, { on: { kind: "list", times: 2 }, do: { type: "body", value: "[".repeat(1_000_000) } }],
	"endless-pages": [lost, { on: { kind: "list", times: 50 }, do: { type: "body", value: ENDLESS_PAGES } }],
	"flood-of-posts": [once("take", { type: "interim" })],
	"flood-of-polls": [once("get", { type: "interim" })],
	"slow-post": [once("take", { type: "trickle" })],
	"slow-poll": [once("get", { type: "trickle" })],
	"slow-list": [lost, once("list", { type: "trickle" })],
};

/** Two events that differ in anything but the time of their publishing are two. */
const identity = ({ run, clusterName, state, snapshotId, endedAt }: FastRun["events"][number]): string =>
	[run, clusterName, state, snapshotId, endedAt].join("/");

const FLOODS = Object.keys(SHAPES).filter((name) => name.startsWith("flood"));
const OTHERS = Object.keys(SHAPES).filter((name) => !name.startsWith("flood"));

// Apart: the floods take this process's time from what the others wait for.
test.each([
	["that are too long, too deep or too slow", OTHERS],
	["behind floods of interim replies", FLOODS],
])(
	"of replies %s, each target ends in one true final event, and the process stays below 600 MB",
	async (_, clusters) => {
		let clock = Date.now();
		await using atlas = await startAtlas({ projects: [{ clusters }], snapshotSeconds: 20, now: () => clock });
		for (const cluster of clusters)
			for (const fault of SHAPES[cluster] ?? []) atlas.faults.add({ ...fault, on: { ...fault.on, cluster } });
		const { url, projectId, publicKey, privateKey } = atlas;

		const given = [30, clock, url, projectId, JSON.stringify({ publicKey, privateKey })].map(String);
		const child = fork(CHILD, [...given, ...clusters], { execArgv: ["--no-warnings"], timeout: 110_000 });
		const { events, rssMb } = await new Promise<FastRun>((resolve, reject) => {
			child.on("message", (message: number | FastRun) => {
				if (typeof message === "object") return resolve(message);
				clock = message;
				child.send("turn");
			});
			child.on("exit", (code, signal) => reject(new Error(`the child ended with ${code ?? signal}`)));
		});

		// A bus may deliver an event twice, and so may a PutEvents that is sent again because its reply was lost.
		const finals = [
			...new Map(events.filter(({ state }) => isFinal(state)).map((one) => [identity(one), one])).values(),
		];
		const told = finals.map(({ clusterName, state }) => `${clusterName} ${state}`);
		expect(told.toSorted()).toEqual(clusters.map((name) => `${name} COMPLETED`).toSorted());
		const taken = clusters.map((name) => atlas.state.cluster(projectId, name).snapshots.length);
		expect(taken).toEqual(clusters.map(() => 1));
		// The longest shape costs two calls of a minute each; nothing hangs for longer.
		expect(Math.max(...finals.map(({ durationSeconds }) => durationSeconds ?? 0))).toBeLessThan(10 * 60);
		expect(rssMb).toBeLessThan(600);
	},
	120_000,
);
