import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";

/** Sections of the runbook. */
type RunbookSection =
	| "a-run-failed"
	| "a-run-never-started"
	| "a-cluster-has-no-fresh-snapshot"
	| "some-clusters-have-no-fresh-snapshot"
	| "a-snapshot-is-late"
	| "atlas-throttles-us"
	| "atlas-refuses-our-credentials"
	| "a-run-nears-the-limit-of-operations"
	| "the-http-api-answers-5xx";

export interface AlarmSettings {
	readonly topic: ITopic;
	/** Page that holds the sections. */
	readonly runbookUrl: string;
}

export interface ServiceAlarmProps {
	readonly metric: IMetric;
	/** Raised at this value and above. */
	readonly threshold: number;
	/** Who is hurt, and how. It begins the alarm's description. */
	readonly impact: `When this rings, ${string}.`;
	readonly section: RunbookSection;
	/** Periods in a row. @default 1 */
	readonly periods?: number;
	/** No data is bad news. @default false: silence is peace */
	readonly missingIsBad?: boolean;
}

/** An alarm that says whom it concerns and what to do: without an impact and a runbook section it does not compile. */
export function serviceAlarm(
	scope: Construct,
	id: string,
	{ topic, runbookUrl }: AlarmSettings,
	props: ServiceAlarmProps,
): Alarm {
	const alarm = new Alarm(scope, id, {
		alarmDescription: `${props.impact} Runbook: ${runbookUrl}#${props.section}`,
		metric: props.metric,
		threshold: props.threshold,
		comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
		evaluationPeriods: props.periods ?? 1,
		treatMissingData: props.missingIsBad ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
	});
	alarm.addAlarmAction(new SnsAction(topic));
	alarm.addOkAction(new SnsAction(topic));
	return alarm;
}
