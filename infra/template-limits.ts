import { CfnResource, type Stack } from "aws-cdk-lib";

/** Resources in a stack. @see CloudFormation user guide, "Understand CloudFormation quotas" */
const RESOURCES = 500;
/** Bytes of a template, from the same page. */
const TEMPLATE_BYTES = 1_000_000;
/** Bytes of a function's variables, names and values. @see Lambda developer guide, "Lambda quotas" */
const ENVIRONMENT_BYTES = 4096;
/** Bytes of a schedule's input. @see EventBridge Scheduler API reference, Target */
const INPUT_BYTES = 256 * 1024;

interface Resource {
	readonly Type: string;
	readonly Properties?: {
		readonly Environment?: { readonly Variables?: Readonly<Record<string, unknown>> };
		readonly Target?: { readonly Input?: unknown };
	};
}

/** @returns a sentence if the stack has too many resources */
export function tooManyResources(stack: Stack): string | undefined {
	const count = stack.node.findAll().filter((child) => CfnResource.isCfnResource(child)).length;
	return count > RESOURCES
		? `schedules, eventRules, perClusterAlarms: the stack would have ${count} resources, and CloudFormation allows ${RESOURCES}; name more clusters in one schedule, or deploy a second stack with another stackName`
		: undefined;
}

/** What AWS would refuse for its size: a sentence each, which begins with the settings that cause it. */
export function tooLarge(template: { readonly Resources?: Readonly<Record<string, Resource>> }): readonly string[] {
	const resources = Object.values(template.Resources ?? {});
	const faults: string[] = [];
	// The CDK indents what it writes.
	if (bytesOf(JSON.stringify(template, undefined, 1)) > TEMPLATE_BYTES) {
		faults.push(
			`schedules: the template is larger than CloudFormation's ${TEMPLATE_BYTES} bytes; ask for fewer clusters by name`,
		);
	}
	if (resources.some(({ Properties }) => environmentBytes(Properties?.Environment?.Variables) > ENVIRONMENT_BYTES)) {
		faults.push(
			`defaultRequest, limits: together they must fit into a function's environment, which holds ${ENVIRONMENT_BYTES} bytes`,
		);
	}
	if (resources.some(({ Properties }) => bytesOf(Properties?.Target?.Input) > INPUT_BYTES)) {
		faults.push(
			`schedules: what they cover must fit into one schedule's input, which holds ${INPUT_BYTES} bytes; select clusters by tags or "all"`,
		);
	}
	return faults;
}

/** References count as an ARN's length would. */
const environmentBytes = (variables: Readonly<Record<string, unknown>> = {}): number =>
	Object.entries(variables).reduce(
		(sum, [name, value]) =>
			sum + Buffer.byteLength(name) + (typeof value === "string" ? Buffer.byteLength(value) : 170),
		0,
	);

const bytesOf = (value: unknown): number =>
	value === undefined ? 0 : Buffer.byteLength(typeof value === "string" ? value : JSON.stringify(value));
