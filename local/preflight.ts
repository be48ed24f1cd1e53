import { setTimeout as delay } from "node:timers/promises";
import type { CheckName } from "../lambda/domain/error-table.ts";
import { isRecord } from "../lambda/domain/json.ts";
import { runDoctor } from "../lambda/monitoring/doctor/examine.ts";
import type { DoctorReport } from "../lambda/monitoring/doctor/report.ts";
import type { StartOptions } from "./cli/start-options.ts";
import type { Screen } from "./terminal/screen.ts";

/** Checks whose failure nothing but a change of the keys or in Atlas mends, for any cluster of the project. */
const FOR_ALL: readonly CheckName[] = ["secret", "key", "address", "project", "role", "retention"];
/** And those that concern the cluster alone. */
const FOR_ONE: readonly CheckName[] = ["cluster", "tier", "paused", "backup"];

/** Milliseconds before a refusal is believed: Atlas is known to refuse good keys once in a while. */
const BEFORE_AGAIN_MS = 1_500;
/** Milliseconds after which the run begins though not everything is checked: it waits for Atlas better than this does. */
const LONGEST_MS = 15_000;

/**
 * Makes the doctor's checks before a real Atlas is asked for a snapshot. What time may cure is left to the run; so is
 * a cluster among several, which must not keep the others from theirs.
 *
 * @returns the lines of the checks that failed for good; none where the run may begin
 */
export async function runPreflight(
	{ atlas, work }: StartOptions,
	screen: Screen,
): Promise<readonly DoctorReport["lines"][number][]> {
	if (!atlas || work.kind === "serve") return [];
	const request = work.kind === "request" ? work.request() : work.kind === "event" ? requestIn(work.event) : {};
	const { projectId, retentionInDays } = request;
	const names = namesIn(request);
	const checked = {
		projectId: typeof projectId === "string" ? projectId : undefined,
		clusterName: names[0],
		retentionInDays: typeof retentionInDays === "number" ? retentionInDays : 7,
	};
	const { url, secret } = atlas;
	const options = {
		baseUrl: url,
		secretId: "of the environment",
		readSecretText: async () => secret,
		now: () => Date.now(),
	};
	const decisive = names.length === 1 ? [...FOR_ALL, ...FOR_ONE] : FOR_ALL;
	const examine = async () => {
		const report = await Promise.race([runDoctor(options, checked), delay(LONGEST_MS, undefined, { ref: false })]);
		return report?.lines.filter(({ check, verdict }) => verdict === "bad" && decisive.includes(check)) ?? [];
	};
	screen.live(["checking the keys, the project and the cluster …"]);
	let failed = await examine();
	if (failed.length > 0) {
		await delay(BEFORE_AGAIN_MS);
		const again = await examine();
		failed = again.filter(({ check }) => failed.some((before) => before.check === check));
	}
	screen.live([]);
	return failed;
}

/** The request of an event; one that cannot be found is left to the trigger function. */
function requestIn(event: unknown): Readonly<Record<string, unknown>> {
	if (!isRecord(event)) return {};
	const { request, detail } = event;
	return isRecord(request) ? request : isRecord(detail) ? detail : {};
}

function namesIn({ clusters, clusterName }: Readonly<Record<string, unknown>>): readonly string[] {
	if (typeof clusterName === "string") return [clusterName];
	return Array.isArray(clusters) ? clusters.filter((name) => typeof name === "string") : [];
}
