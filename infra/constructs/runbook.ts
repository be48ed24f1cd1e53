import { CfnOutput, Stack } from "aws-cdk-lib";
import type { Construct } from "constructs";
import pack from "../../package.json" with { type: "json" };

/** Sections of the runbook. */
export type RunbookSection =
	| "a-run-failed"
	| "a-run-never-started"
	| "events-are-not-published"
	| "a-cluster-has-no-fresh-snapshot"
	| "some-clusters-have-no-fresh-snapshot"
	| "a-freshness-check-failed"
	| "a-snapshot-is-late"
	| "mails-are-not-delivered"
	| "atlas-throttles-us"
	| "atlas-refuses-our-credentials"
	| "a-run-nears-the-limit-of-operations"
	| "the-accounts-quota-of-executions"
	| "the-http-api-answers-5xx";

/** @returns the link to a section */
export type Runbook = (section: RunbookSection) => string;

/** The page in the repository that `package.json` names. */
const DEFAULT_PAGE = `${pack.repository.url.replace(/^git\+|\.git$/g, "")}/blob/HEAD/docs/runbook.md`;

/** How alarms and mails link to the runbook: a mail may be all that its reader has, so it holds the whole link. */
export function runbookOf(scope: Construct, page = DEFAULT_PAGE): Runbook {
	const stack = Stack.of(scope);
	// Two constructs in one stack share the output.
	if (stack.node.tryFindChild("Runbook") === undefined) {
		new CfnOutput(stack, "Runbook", {
			value: page,
			description: "Says what to do about each alarm; the setting runbookUrl makes mails link to it",
		});
	}
	return (section) => `${page}#${section}`;
}
