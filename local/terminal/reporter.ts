import type { Execution } from "../aws/engine.ts";
import type { FakeAws } from "../aws/index.ts";
import type { OnLog } from "../function-logs.ts";
import { nextTry, progressLines } from "./progress.ts";
import { duration, type Screen, STATE_STYLE, short } from "./screen.ts";
import { createTargets, isStateChange, resultOf, type TargetView } from "./targets.ts";

/** Writes the progress of runs to the screen. */
export interface Reporter {
	/** Every target known so far. */
	readonly targets: () => readonly TargetView[];
	/** Writes a line with the seconds since the beginning before it. */
	write(subject: string, text: string): void;
	/** Stops. */
	end(): void;
}

/** Milliseconds between two reads of the histories, and between two lines of progress where there is no terminal. */
const TICK_MS = 250;
const PROGRESS_MS = 30_000;
/** Columns before what a line says. */
const INDENT = 23;

export function createReporter(aws: FakeAws, screen: Screen, onLog: OnLog): Reporter {
	const began = Date.now();
	const targets = createTargets();
	const statuses = new Map<string, string>();
	const closed = new Set<Execution>();
	let writtenAt = began;

	function write(subject: string, text: string): void {
		writtenAt = Date.now();
		const seconds = ((writtenAt - began) / 1000).toFixed(1).padStart(6);
		screen.line(`${screen.paint("gray", `${seconds} s`)}  ${subject.padEnd(12)} ${text}`, INDENT);
	}

	const stopEvents = aws.onEvent((event) => {
		if (!isStateChange(event)) return;
		targets.onEvent(event);
		const { state, clusterName } = event.detail;
		write(clusterName, `${screen.paint(STATE_STYLE[state], state.padEnd(9))} ${describe(event.detail)}`);
		tick();
	});
	const stopLogs = onLog((line) => {
		// A new target is in the history by now.
		for (const run of aws.runs.filter(isRunning)) targets.onHistory(run);
		const problem = targets.onLog(line);
		const { message, level } = line;
		if (problem) {
			const subject = problem.clusterName === "*" ? "run" : problem.clusterName;
			const text = `${problem.code}: ${problem.message}; ${nextTry(problem.nextTryAt, Date.now())}`;
			write(subject, `${screen.paint("yellow", "waiting")}   ${text}`);
		} else if (level === "WARN") write("warning", message);
		tick();
	});

	function closeRuns(): void {
		for (const run of aws.runs.filter((candidate) => !isRunning(candidate) && !closed.has(candidate))) {
			closed.add(run);
			targets.onEnd(run);
			write("run", `${short(run.name)} ${run.status}${resultOf(run) ? "" : failureOf(run)}`);
		}
	}

	function tick(): void {
		closeRuns();
		for (const run of aws.runs.filter(isRunning)) targets.onHistory(run);
		for (const { snapshotId, clusterName, poll, since } of targets.all()) {
			if (snapshotId === null || since === undefined || poll === undefined) continue;
			const before = statuses.get(snapshotId);
			statuses.set(snapshotId, poll.status);
			// The end is reported by the event.
			const isNews = before !== undefined && before !== poll.status && !/^(completed|failed)$/.test(poll.status);
			if (isNews) write(clusterName, screen.paint("gray", `Atlas says ${poll.status}`));
		}
		const progress = progressLines(targets.all(), Date.now(), screen.isTerminal);
		screen.live(progress.map((line) => `          ${line}`));
		if (screen.isTerminal || Date.now() - writtenAt < PROGRESS_MS) return;
		for (const line of progress) write("waiting", line);
	}
	const timer = setInterval(tick, TICK_MS);

	return {
		targets: targets.all,
		write,
		end() {
			clearInterval(timer);
			closeRuns();
			stopEvents();
			stopLogs();
			screen.live([]);
		},
	};
}

/** A run ends without a result by a defect, or because nothing could be published. */
const failureOf = ({ error }: Execution): string =>
	`: ${error?.ErrorType ?? "Error"}: ${error?.ErrorMessage ?? "no reason given"}`;

const isRunning = ({ status }: Execution): boolean => status === "RUNNING";

function describe({ state, provenance, snapshotId, durationSeconds, reason }: Omit<TargetView, "poll">): string {
	if (state === "STARTED") return `snapshot ${snapshotId ?? "-"}, ${provenance ?? "-"}`;
	if (state === "COMPLETED") return `after ${duration(durationSeconds ?? 0)}`;
	return reason?.message ?? "";
}
