/** Exports of the package `atlas-snapshots`. */
export { AtlasSnapshots } from "./constructs/atlas-snapshots.ts";
export type {
	AtlasSnapshotsProps,
	EventRuleProps,
	HttpProps,
	RotatedSecretProps,
	ScheduleProps,
} from "./constructs/props.ts";
