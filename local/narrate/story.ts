import type { Execution } from "../aws/engine.ts";
import type { Aws } from "../aws/index.ts";
import { createLedger, isStateChange, type Ledger, resultOf, type StateChangeEvent } from "./ledger.ts";
import { looksOf, progressOf } from "./progress.ts";
import type { Screen } from "./screen.ts";
import { duration, STATE_STYLE, short } from "./words.ts";

/** Tells what happens, as it happens. */
export interface Story {
	readonly ledger: Ledger;
	/** A line with the seconds since the beginning before it. */
	tell(subject: string, text: string): void;
	/** Stops watching. */
	end(): void;
}

/** Milliseconds between two looks at the histories, and between two signs of life where there is no terminal. */
const TICK_MS = 250;
const SIGN_OF_LIFE_MS = 30_000;

/** @param now milliseconds of a clock that only its differences matter of */
export function tellStory(aws: Aws, screen: Screen, now: () => number): Story {
	const began = now();
	const ledger = createLedger(now);
	const seen = new Map<string, string>();
	const closed = new Set<Execution>();
	let toldAt = began;

	function tell(subject: string, text: string): void {
		toldAt = now();
		const seconds = ((toldAt - began) / 1000).toFixed(1).padStart(6);
		screen.line(`${screen.paint("gray", `${seconds} s`)}  ${subject.padEnd(12)} ${text}`);
	}

	const stop = aws.onEvent((event) => {
		if (!isStateChange(event)) return;
		ledger.enter(event);
		const { state, clusterName } = event.detail;
		tell(clusterName, `${screen.paint(STATE_STYLE[state], state.padEnd(9))} ${describe(event)}`);
		tick();
	});

	function closeRuns(): void {
		for (const run of aws.runs.filter((candidate) => !isRunning(candidate) && !closed.has(candidate))) {
			closed.add(run);
			ledger.close(run);
			tell("run", `${short(run.name)} ${run.status}${resultOf(run) ? "" : brokenOff(run)}`);
		}
	}

	/** What Atlas says of the snapshots that are being followed, and the line that lives. */
	function tick(): void {
		closeRuns();
		const looks = new Map(aws.runs.filter(isRunning).flatMap((run) => [...looksOf(run)]));
		const waiting = ledger.entries().filter((entry) => entry.followedSince !== undefined);
		for (const { snapshotId, clusterName } of waiting) {
			const status = looks.get(snapshotId ?? "")?.status;
			if (snapshotId === null || status === undefined || seen.get(snapshotId) === status) continue;
			// Its end is told by the event.
			if (seen.has(snapshotId) && status !== "completed" && status !== "failed")
				tell(clusterName, screen.paint("gray", `Atlas says ${status}`));
			seen.set(snapshotId, status);
		}
		const progress = progressOf(waiting, looks, now(), screen.isTerminal);
		screen.live(progress === "" ? "" : `          ${"waiting".padEnd(12)} ${progress}`);
		if (!screen.isTerminal && progress !== "" && now() - toldAt >= SIGN_OF_LIFE_MS) tell("waiting", progress);
	}
	const timer = setInterval(tick, TICK_MS);

	return {
		ledger,
		tell,
		end() {
			clearInterval(timer);
			closeRuns();
			stop();
			screen.live("");
		},
	};
}

/** A run that ended without a result did so by a defect, or because nothing could be published. */
const brokenOff = ({ error }: Execution): string =>
	`: ${error?.ErrorType ?? "Error"}: ${error?.ErrorMessage ?? "no reason given"}`;

const isRunning = ({ status }: Execution): boolean => status === "RUNNING";

function describe({ detail }: StateChangeEvent): string {
	const { state, provenance, snapshotId, durationSeconds, reason, run } = detail;
	if (state === "STARTED") return `snapshot ${snapshotId ?? "-"}, ${provenance ?? "-"}, of ${short(run)}`;
	if (state === "COMPLETED") return `after ${duration(durationSeconds ?? 0)}`;
	return reason?.message ?? "";
}
