import { setTimeout as delay } from "node:timers/promises";
import type { CheckName } from "../lambda/domain/error-table.ts";
import { isRecord } from "../lambda/domain/json.ts";
import { runDoctor } from "../lambda/monitoring/doctor/examine.ts";
import type { DoctorReport } from "../lambda/monitoring/doctor/report.ts";
import type { StartOptions } from "./cli/start-options.ts";
import type { Screen } from "./terminal/screen.ts";

/** Checks that fail until the keys or Atlas's settings change, for every cluster of the project. */
const FOR_ALL: readonly CheckName[] = ["secret", "key", "address", "project", "role", "retention"];
/** Those of one cluster. */
const FOR_ONE: readonly CheckName[] = ["cluster", "tier", "paused", "backup"];

/** Milliseconds before a failed check is repeated: Atlas is known to reject valid keys once in a while. */
const BEFORE_AGAIN_MS = 1_500;
/** Milliseconds after which the run begins with checks unfinished: it has retries of its own. */
const LONGEST_MS = 15_000;

/**
 * Makes the doctor's checks before a snapshot is requested from a real Atlas. Failures that may pass are left to the
 * run; so is one cluster of several, which must not hold up the others.
 *
 * @returns the lines of the checks that failed twice; none where the run may begin
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

/** The request of an event; the trigger function rejects an event without one. */
function requestIn(event: unknown): Readonly<Record<string, unknown>> {
	if (!isRecord(event)) return {};
	const { request, detail } = event;
	return isRecord(request) ? request : isRecord(detail) ? detail : {};
}

function namesIn({ clusters, clusterName }: Readonly<Record<string, unknown>>): readonly string[] {
	if (typeof clusterName === "string") return [clusterName];
	return Array.isArray(clusters) ? clusters.filter((name) => typeof name === "string") : [];
}
