import { createHash } from "node:crypto";
import type { Reason, TargetStatus } from "../domain/outcome.ts";
import type { RunStatus, TargetView } from "../engine/run-status.ts";

/** The body of a status reply, and of a 202. */
export interface StatusBody {
	readonly run: string;
	readonly status: RunStatus["status"];
	readonly targets: readonly TargetView[];
	readonly reason?: Reason;
}

export function toStatusBody({ run, status, targets, reason }: RunStatus): StatusBody {
	return { run, status, targets: targets.map(toTarget), reason };
}

/** The fields that the document tells of, in its order, whatever else a history holds. */
function toTarget(target: TargetView): TargetView {
	const { projectId, clusterName, state } = target;
	if (!isKnown(target)) return { projectId, clusterName, state: "PENDING" };
	const { provenance, snapshotId, requestedAt, endedAt, durationSeconds, reason, warnings } = target;
	return {
		projectId,
		clusterName,
		state,
		provenance,
		snapshotId,
		requestedAt,
		endedAt,
		durationSeconds,
		reason: reason && withoutArns(reason),
		...(warnings && { warnings: warnings.map(withoutArns) }),
	};
}

const isKnown = (target: TargetView): target is TargetStatus => target.state !== "PENDING";

/** A reason may hold a sentence that AWS wrote; an ARN tells a stranger about the account. */
export const withoutArns = ({ code, message }: Reason): Reason => ({
	code,
	message: message.replace(/\barn:[\w-]+:[^\s"']*/g, "(an ARN)"),
});

/**
 * Whole seconds until the next look is worth it: a run that has lasted long is likely to last, so a client that obeys
 * sees the end at most a quarter late.
 *
 * @param now epoch milliseconds
 */
export function retryAfter(startedAt: number, now: number): string {
	const age = (now - startedAt) / 1000;
	return String(Math.min(30, Math.max(2, Math.ceil(age / 4))));
}

/** A strong validator: the same bytes give the same tag (RFC 9110 §8.8.3). */
export const entityTag = (body: string): string =>
	`"${createHash("sha256").update(body).digest("base64url").slice(0, 27)}"`;

/** @see RFC 9110 §13.1.2: weak comparison */
export function matchesTag(ifNoneMatch: string | undefined, tag: string): boolean {
	const listed = ifNoneMatch?.split(",").map((entry) => entry.trim().replace(/^W\//, "")) ?? [];
	return listed.includes(tag) || listed.includes("*");
}
