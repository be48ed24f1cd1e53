import { judgeManners } from "./judge-manners.ts";
import { judgePunctuality } from "./judge-punctuality.ts";
import { judgeTruth } from "./judge-truth.ts";
import type { Finding, Observed } from "./observed.ts";

/** Holds what was seen against the promises. It knows them as numbers and words of its own, not as the functions do. */
export const judge = (observed: Observed): readonly Finding[] => [
	...observed.leaks.map((what): Finding => ({ kind: "leak", what })),
	...judgeTruth(observed),
	...judgePunctuality(observed),
	...judgeManners(observed),
];
