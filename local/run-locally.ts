import { randomUUID } from "node:crypto";
import { runMarker } from "../lambda/domain/run.ts";
import { type DoctorReport, formatReport, REPORT_INDENT } from "../lambda/monitoring/doctor/report.ts";
import { UsageError } from "./cli/command.ts";
import type { StartOptions } from "./cli/start-options.ts";
import type { OnLog } from "./function-logs.ts";
import { toGatewayEvent } from "./gateway/event.ts";
import type { ExitCode } from "./main.ts";
import { runPreflight } from "./preflight.ts";
import { serve, whenAborted } from "./serve.ts";
import type { LocalServices } from "./services.ts";
import { createReporter, type Reporter } from "./terminal/reporter.ts";
import type { Screen } from "./terminal/screen.ts";
import { printTargets } from "./terminal/table.ts";
import { isComplete, type TargetView } from "./terminal/targets.ts";
import { describeOutcome, invokeTrigger } from "./trigger.ts";

interface SentEvent {
	readonly subject: string;
	readonly text: string;
	readonly event: unknown;
	/** The request comes from the flags: no limits apply. */
	readonly byFlags?: true;
}

/**
 * Sends the requests to the trigger function, follows the runs to their end, and prints a table.
 *
 * @param ended aborted by a signal: the runs are followed no more
 *
 * @throws UsageError where the trigger function rejects an event
 */
export async function runLocally(
	call: StartOptions,
	services: LocalServices,
	screen: Screen,
	onLog: OnLog,
	ended: AbortSignal,
): Promise<ExitCode> {
	const { aws, simulator, atlasUrl } = services;
	screen.line(`Atlas ${simulator ? "simulator " : ""}at ${atlasUrl}`);
	screen.line(`AWS simulator at ${aws.url}\n`);
	const failedChecks = await Promise.race([runPreflight(call, screen), whenAborted(ended)]);
	if (failedChecks === undefined) return endedBy(ended);
	if (failedChecks.length > 0) return stopBeforehand(failedChecks, screen);
	const reporter = createReporter(aws, screen, onLog);
	let failed = false;
	const work = async () => {
		if (call.work.kind === "serve") {
			return serve(call.work.port, call.work.keys, services, screen, reporter, ended);
		}
		for (const sent of eventsOf(call, services)) failed = !(await send(sent, reporter)) || failed;
		await Promise.all(aws.runs.map((run) => run.ended));
		if (call.work.kind === "demo") await showStatus(services, reporter);
	};
	try {
		await (call.work.kind === "serve" ? work() : Promise.race([work(), whenAborted(ended)]));
	} finally {
		reporter.end();
	}
	const targets = reporter.targets();
	if (ended.aborted) reportLeft(targets, services, screen);
	if (targets.length > 0) printTargets(targets, screen);
	if (ended.aborted && !(call.work.kind === "serve" && ended.reason !== "SIGINT")) return endedBy(ended);
	return !failed && aws.runs.every((run) => run.status === "RUNNING" || isComplete(run)) ? 0 : 1;
}

const endedBy = ({ reason }: AbortSignal): ExitCode => (reason === "SIGINT" ? 130 : 1);

function stopBeforehand(failed: readonly DoctorReport["lines"][number][], screen: Screen): ExitCode {
	screen.line("No snapshot was asked for, since it cannot succeed:\n");
	for (const line of formatReport({ lines: failed }).split("\n")) screen.line(line, REPORT_INDENT);
	screen.line("\nnpm run doctor makes every check.");
	return 1;
}

/** Lists the snapshots that go on in Atlas after this process has ended. */
function reportLeft(targets: readonly TargetView[], { simulator, stackName }: LocalServices, screen: Screen): void {
	const open = targets.filter(({ since }) => since !== undefined);
	const running = open.filter(({ snapshotId }) => snapshotId !== null);
	const unknown = open.filter(({ snapshotId }) => snapshotId === null);
	if (running.length > 0) {
		const fate = simulator ? "These snapshots end with the simulator:" : "These snapshots go on in Atlas, unwatched:";
		screen.line(`\n${fate}\n`);
		for (const { clusterName, snapshotId, projectId } of running)
			screen.line(`  ${clusterName}  ${snapshotId ?? ""}  project ${projectId}`, 4);
	}
	if (unknown.length > 0 && !simulator) {
		screen.line("\nNobody knows whether these were requested; look for their descriptions in Atlas:\n");
		for (const { clusterName, projectId, run } of unknown)
			screen.line(`  ${clusterName}  project ${projectId}  …${runMarker(run, stackName)}`, 4);
	}
}

function eventsOf({ work }: StartOptions, { simulator }: LocalServices): readonly SentEvent[] {
	switch (work.kind) {
		case "demo": {
			const [first = "", second = first] = simulator?.clusters ?? [];
			const request = { projectId: simulator?.projectId, retentionInDays: 7 };
			return [scheduleEvent({ ...request, clusters: [first] }), httpEvent({ ...request, clusters: [second] })];
		}
		case "request":
			return [httpEvent(work.request(simulator?.projectId))];
		case "event":
			return [{ subject: "event", text: "the event reaches the trigger function", event: work.event }];
		case "serve":
		case "help":
			return [];
	}
}

/** What EventBridge Scheduler sends when a schedule fires. */
function scheduleEvent(request: object): SentEvent {
	const scheduledTime = `${new Date().toISOString().slice(0, 17)}00Z`;
	const schedule = "arn:aws:scheduler:us-east-1:123456789012:schedule/snapshots/nightly";
	return {
		subject: "schedule",
		text: `nightly fires for ${scheduledTime}`,
		event: { request, schedule, scheduledTime },
	};
}

function httpEvent(request: object): SentEvent {
	const headers = { "content-type": "application/json", "idempotency-key": randomUUID() };
	const body = Buffer.from(JSON.stringify(request));
	const event = toGatewayEvent({ method: "POST", path: "/snapshots", headers, body });
	return { subject: "http", text: "POST /snapshots reaches the trigger function", event, byFlags: true };
}

/** @returns whether it was accepted */
async function send({ subject, text, event, byFlags }: SentEvent, reporter: Reporter): Promise<boolean> {
	reporter.write(subject, text);
	const answer = describeOutcome(await invokeTrigger(event, byFlags));
	if (answer.kind === "wrong") throw new UsageError(answer.text);
	reporter.write(subject, answer.text);
	return answer.kind === "accepted";
}

/** Reads its run's status over the HTTP API, as a caller would. */
async function showStatus({ aws }: LocalServices, reporter: Reporter): Promise<void> {
	const run = aws.runs.find(({ name }) => name.startsWith("http-"));
	if (!run) return;
	const path = `/snapshots/${run.name}`;
	const answer = describeOutcome(await invokeTrigger(toGatewayEvent({ method: "GET", path, headers: {} }), true));
	reporter.write("http", `GET ${path}: ${answer.text}`);
}
