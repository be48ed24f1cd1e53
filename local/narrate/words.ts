import type { TargetStatus } from "../../lambda/domain/outcome.ts";
import type { Style } from "./screen.ts";

/** How each state is shown. */
export const STATE_STYLE: Readonly<Record<TargetStatus["state"], Style>> = {
	PENDING: "gray",
	STARTED: "cyan",
	LATE: "yellow",
	COMPLETED: "green",
	FAILED: "red",
	SKIPPED: "yellow",
	REFUSED: "red",
	LOST: "red",
};

/** @param seconds whole, or not */
export function duration(seconds: number): string {
	const whole = Math.round(seconds);
	if (whole < 60) return `${whole} s`;
	if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
	return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Enough of a run's name to tell it from the others; the lines of its start show it whole. */
export const short = (run: string): string => run.replace(/^([a-z]+-[0-9a-f]{8})[0-9a-f]+$/, "$1…");
