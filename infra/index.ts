/** What the package `atlas-snapshots` gives to a CDK app. */
export { AtlasSnapshots } from "./constructs/atlas-snapshots.ts";
export type {
	AtlasSnapshotsProps,
	EventRuleProps,
	HttpProps,
	RotatedSecretProps,
	ScheduleProps,
} from "./constructs/props.ts";
