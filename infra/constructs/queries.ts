import { Stack } from "aws-cdk-lib";
import { type ILogGroup, QueryDefinition, QueryString, type QueryStringProps } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";

export interface QueriesProps {
	readonly snapshotLogs: ILogGroup;
	readonly triggerLogs: ILogGroup;
	readonly freshnessLogs: ILogGroup;
}

/** A query and the log groups that it reads. */
export interface SavedQuery {
	readonly logGroups: readonly ILogGroup[];
	readonly query: QueryString;
}

/** Saved Logs Insights queries for operators. */
export class Queries extends Construct {
	readonly lastSuccess: SavedQuery;
	readonly ages: SavedQuery;

	constructor(scope: Construct, id: string, { snapshotLogs, triggerLogs, freshnessLogs }: QueriesProps) {
		super(scope, id);
		const both = [snapshotLogs, triggerLogs];
		const save = (queryId: string, title: string, logGroups: ILogGroup[], props: QueryStringProps): SavedQuery => {
			const queryString = new QueryString(props);
			const queryDefinitionName = `${Stack.of(this).stackName}/${title}`;
			new QueryDefinition(this, queryId, { queryDefinitionName, logGroups, queryString });
			return { logGroups, query: queryString };
		};
		save("Run", "1 What became of a run? (put its name in)", both, {
			fields: ["@timestamp", "message", "state", "cluster_name", "snapshot_id", "reason.code", "reason.message"],
			filterStatements: ['run = "put-the-run-here"'],
			sort: "@timestamp asc",
		});
		save("NotCompleted", "2 What did not complete, and why?", [snapshotLogs], {
			fields: ["@timestamp", "state", "project_id", "cluster_name", "reason.code", "reason.message", "run"],
			filterStatements: ['message = "published"', 'state not in ["STARTED", "COMPLETED"]'],
			sort: "@timestamp desc",
			limit: 100,
		});
		this.lastSuccess = save("LastSuccess", "3 When did each cluster last complete?", [snapshotLogs], {
			filterStatements: ['message = "published"', 'state = "COMPLETED"'],
			statsStatements: [
				"latest(@timestamp) as last, latest(duration_seconds) as seconds, latest(expected_seconds) as expected, latest(snapshot_id) as snapshot by project_id, cluster_name",
			],
			sort: "last asc",
		});
		save("Refused", "4 Which events and requests were refused, and why?", [triggerLogs], {
			fields: ["@timestamp", "message", "route", "status", "error", "reason", "run"],
			filterStatements: ['message in ["event refused", "request refused", "request failed"]'],
			sort: "@timestamp desc",
			limit: 100,
		});
		save("Trouble", "5 What else went wrong?", both, {
			fields: ["@timestamp", "level", "message", "error", "@message"],
			filterStatements: ['level in ["WARN", "ERROR", "CRITICAL"] or @message like /(Task timed out|OutOfMemory)/'],
			sort: "@timestamp desc",
			limit: 100,
		});
		this.ages = save("NotFresh", "6 Which clusters have no fresh snapshot, and why?", [freshnessLogs], {
			filterStatements: ['message in ["fresh", "not fresh"]'],
			statsStatements: [
				"latest(message) as newest, latest(age_seconds) as age, latest(reason.code) as reason by project_id, cluster_name",
			],
			sort: "newest desc",
		});
	}
}
