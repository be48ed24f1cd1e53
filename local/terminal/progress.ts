import { duration } from "./screen.ts";
import type { TargetView } from "./targets.ts";

/** Targets that are shown one by one; of more, the others are counted. */
const ONE_BY_ONE = 8;
/** Characters of a bar. */
const BAR = 10;

/**
 * How far each target is that has not ended, a line for each: the ones in trouble first.
 *
 * @param now epoch milliseconds
 * @param withBar where the terminal can draw one
 */
export function progressLines(targets: readonly TargetView[], now: number, withBar: boolean): readonly string[] {
	const open = targets.filter(({ since }) => since !== undefined);
	const sorted = open.toSorted((a, b) => Number(b.problem !== undefined) - Number(a.problem !== undefined));
	const shown = sorted.slice(0, ONE_BY_ONE);
	const width = Math.min(24, Math.max(12, ...shown.map(({ clusterName }) => clusterName.length)));
	const lines = shown.map((target) => `${target.clusterName.padEnd(width)} ${describe(target, now, withBar)}`);
	const others = Map.groupBy(sorted.slice(ONE_BY_ONE), wordOf);
	if (others.size === 0) return lines;
	const counts = [...others].map(([word, { length }]) => `${length} ${word}`);
	return [...lines, `and ${sorted.length - ONE_BY_ONE} more: ${counts.join(", ")}`];
}

/** Atlas's word for a snapshot; before there is one, what is being done. */
const wordOf = ({ poll, state }: TargetView): string =>
	poll?.status ?? (state === "PENDING" ? "requesting" : "started");

function describe(target: TargetView, now: number, withBar: boolean): string {
	const { since = now, expectedSeconds, poll, problem } = target;
	const seconds = (now - since) / 1000;
	const word = `${wordOf(target).padEnd(10)} ${duration(seconds)}`;
	if (problem) return `${word}, ${nextTry(problem.nextTryAt, now)}: ${problem.code}`;
	const polls = poll?.polls ? `, poll ${poll.polls}` : "";
	return expectedSeconds === undefined ? `${word}${polls}` : `${word}  ${left(seconds, expectedSeconds, withBar)}`;
}

/** @param at epoch milliseconds */
export function nextTry(at: number | undefined, now: number): string {
	if (at === undefined) return "no further try";
	return at <= now ? "trying again now" : `next try in ${duration((at - now) / 1000)}`;
}

/** How far a snapshot is, and how long it is likely to last, by the earlier ones. */
function left(seconds: number, expectedSeconds: number, withBar: boolean): string {
	if (seconds >= expectedSeconds) return `longer than the usual ${duration(expectedSeconds)}`;
	const share = seconds / expectedSeconds;
	const full = Math.floor(share * BAR);
	const bar = withBar ? `${"█".repeat(full)}${"░".repeat(BAR - full)} ` : "";
	return `${bar}${Math.floor(share * 100)} %, about ${roughly(expectedSeconds - seconds)} left`;
}

/** A prediction of minutes is printed without seconds. */
const roughly = (seconds: number): string =>
	seconds < 90 || seconds >= 3600 ? duration(seconds) : `${Math.round(seconds / 60)} min`;
