import { readCallerLimits } from "../../lambda/domain/limits.ts";

const read = readCallerLimits({});
if (read.faults) throw new Error("the defaults are no limits");

/** What the durable function's configuration adds to its ports, where nothing is set; warnings go nowhere, no part breaks off. */
export const DEFAULT_PORTS = {
	stack: "atlas-snapshots",
	limits: read.limits,
	warn: () => {},
	countLate: () => {},
	readEndedParts: async () => ({ published: [], decided: [] }),
};
