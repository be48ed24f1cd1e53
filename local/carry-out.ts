import { randomUUID } from "node:crypto";
import type { Call } from "./cli/call.ts";
import { UsageError } from "./cli/usage-error.ts";
import { feedTrigger } from "./feed.ts";
import { toPayload } from "./gateway/payload.ts";
import { judge } from "./judge.ts";
import { keepServing, whenAborted } from "./keep-serving.ts";
import type { ExitCode } from "./main.ts";
import { isComplete } from "./narrate/ledger.ts";
import type { Screen } from "./narrate/screen.ts";
import { type Story, tellStory } from "./narrate/story.ts";
import { drawTable } from "./narrate/table.ts";
import type { World } from "./world.ts";

/** One event on its way to the trigger, and who sends it. */
interface Feed {
	readonly subject: string;
	readonly text: string;
	readonly event: unknown;
	/** The person at the terminal asks, by flags. */
	readonly byFlags?: true;
}

/**
 * Feeds what the call asks for to the trigger, follows the runs to their end, and closes with a table.
 *
 * @param ended from outside: the runs are followed no more
 *
 * @throws UsageError where the trigger refuses the only event
 */
export async function carryOut(call: Call, world: World, screen: Screen, ended: AbortSignal): Promise<ExitCode> {
	const { aws, simulator, atlasUrl } = world;
	screen.line(`Atlas ${simulator ? "simulator " : ""}at ${atlasUrl}, AWS stand-ins at ${aws.url}\n`);
	const story = tellStory(aws, screen, () => performance.now());
	let failed = false;
	const work = async () => {
		if (call.work.kind === "serve") {
			return keepServing(call.work.port, call.work.keys, world, screen, story, ended);
		}
		for (const feed of feedsOf(call, world)) failed = !(await send(feed, story)) || failed;
		await Promise.all(aws.runs.map((run) => run.ended));
		if (call.work.kind === "demo") await tellStatus(world, story);
	};
	try {
		await (call.work.kind === "serve" ? work() : Promise.race([work(), whenAborted(ended)]));
		const going = aws.runs.filter(({ status }) => status === "RUNNING").length;
		if (going > 0)
			story.tell("stopped", `${going} of the runs still went on; Atlas finishes their snapshots unwatched`);
	} finally {
		story.end();
	}
	const entries = story.ledger.entries();
	if (entries.length > 0) drawTable(entries, screen);
	if (ended.reason === "SIGINT") return 130;
	if (ended.aborted && call.work.kind !== "serve") return 1;
	return !failed && aws.runs.every((run) => run.status === "RUNNING" || isComplete(run)) ? 0 : 1;
}

function feedsOf({ work }: Call, { simulator }: World): readonly Feed[] {
	switch (work.kind) {
		case "demo": {
			const [first = "", second = first] = simulator?.clusters ?? [];
			const request = { projectId: simulator?.projectId, retentionInDays: 7 };
			return [firing({ ...request, clusters: [first] }), post({ ...request, clusters: [second] })];
		}
		case "request":
			return [post(work.request(simulator?.projectId))];
		case "event":
			return [{ subject: "event", text: "the file's event reaches the trigger", event: work.event }];
		case "serve":
		case "help":
			return [];
	}
}

/** What EventBridge Scheduler sends when a schedule fires. */
function firing(request: object): Feed {
	const scheduledTime = `${new Date().toISOString().slice(0, 17)}00Z`;
	const schedule = "arn:aws:scheduler:us-east-1:123456789012:schedule/snapshots/nightly";
	return {
		subject: "schedule",
		text: `nightly fires for ${scheduledTime}`,
		event: { request, schedule, scheduledTime },
	};
}

function post(request: object): Feed {
	const headers = { "content-type": "application/json", "idempotency-key": randomUUID() };
	const body = Buffer.from(JSON.stringify(request));
	const event = toPayload({ method: "POST", path: "/snapshots", headers, body });
	return { subject: "http", text: "POST /snapshots reaches the trigger", event, byFlags: true };
}

/** @returns whether it was taken */
async function send({ subject, text, event, byFlags }: Feed, story: Story): Promise<boolean> {
	story.tell(subject, text);
	const judged = judge(await feedTrigger(event, byFlags));
	if (judged.kind === "wrong") throw new UsageError(judged.text);
	story.tell(subject, judged.text);
	return judged.kind === "taken";
}

/** Asks the HTTP face for what it was asked to do, as a caller would. */
async function tellStatus({ aws }: World, story: Story): Promise<void> {
	const run = aws.runs.find(({ name }) => name.startsWith("http-"));
	if (!run) return;
	const path = `/snapshots/${run.name}`;
	const judged = judge(await feedTrigger(toPayload({ method: "GET", path, headers: {} }), true));
	story.tell("http", `GET ${path}: ${judged.text}`);
}
