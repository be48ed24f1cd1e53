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
	| "a-look-failed"
	| "a-snapshot-is-late"
	| "mails-are-not-delivered"
	| "atlas-throttles-us"
	| "atlas-refuses-our-credentials"
	| "a-run-nears-the-limit-of-operations"
	| "the-accounts-quota-of-executions"
	| "the-http-api-answers-5xx";

/** Says where a section is read, as the end of a sentence. @param region of the stack, where a text has another way to it */
export type Runbook = (section: RunbookSection, region?: string) => string;

const PAGE = "docs/runbook.md";

/**
 * How a text says where a section of the runbook is read. Whoever is woken has the mail alone, so it holds a whole link:
 * to the page where it is known, otherwise to the stack's outputs in the console, one of which names the page.
 *
 * @param url of the page @default the page in the repository that `package.json` names
 */
export function runbookOf(scope: Construct, url: string | undefined): Runbook {
	const page = url ?? pageIn(pack);
	const stack = Stack.of(scope);
	// Two constructs in one stack share the output: they were deployed from one repository.
	if (stack.node.tryFindChild("Runbook") === undefined) {
		new CfnOutput(stack, "Runbook", {
			value: page ?? `${PAGE} of the repository that this stack was deployed from`,
			description: "Says what to do about each alarm; the setting runbookUrl makes mails link to it",
		});
	}
	if (page !== undefined) return (section) => `${page}#${section}`;
	return (section, region = stack.region) =>
		`section ${section} of the page that the output Runbook names, https://${region}.console.aws.amazon.com/cloudformation/home?region=${region}#/stacks?filteringText=${stack.stackName}`;
}

/** @param pack with `repository` as npm has it: a URL, or an object with one */
function pageIn(pack: object): string | undefined {
	const repository = "repository" in pack ? pack.repository : undefined;
	const url =
		typeof repository === "object" && repository !== null && "url" in repository ? repository.url : repository;
	const [, home] = /^(?:git\+)?(https:\/\/[^\s]+?)(?:\.git)?$/.exec(String(url)) ?? [];
	return home === undefined ? undefined : `${home}/blob/HEAD/${PAGE}`;
}
