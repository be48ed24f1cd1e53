import type { Template } from "aws-cdk-lib/assertions";

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
interface Statement {
	readonly Effect: string;
	readonly Action: string | readonly string[];
	readonly Resource: Json;
}

/**
 * Every role of a template and all that it may do, as `action on resource`, sorted. Resources are named by the logical
 * ids of the template without the construct's prefix and CDK's hash.
 */
export function permissionsOf(template: Template): Readonly<Record<string, readonly string[]>> {
	const roles = Object.keys(template.findResources("AWS::IAM::Role"));
	const policies = Object.values(template.findResources("AWS::IAM::Policy"));
	return Object.fromEntries(
		roles.map((role) => [
			shortName(role),
			policies
				.filter(({ Properties }) => Properties["Roles"].some(({ Ref }: { Ref: string }) => Ref === role))
				.flatMap(({ Properties }) => Properties["PolicyDocument"]["Statement"] as Statement[])
				.flatMap(toLines)
				.sort(),
		]),
	);
}

const toLines = ({ Effect, Action, Resource }: Statement): string[] =>
	[Action]
		.flat()
		.flatMap((action) =>
			(isList(Resource) ? Resource : [Resource]).map(
				(resource) => `${Effect === "Allow" ? "" : "DENY "}${action} on ${nameOf(resource)}`,
			),
		);

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

/** `Ref`, `Fn::GetAtt` and `Fn::Join` as a person would say them. */
function nameOf(resource: Json): string {
	if (typeof resource !== "object" || resource === null) return String(resource);
	if (isList(resource)) return resource.map(nameOf).join("");
	if ("Ref" in resource) return shortName(nameOf(resource["Ref"] ?? ""));
	if ("Fn::GetAtt" in resource) return shortName(nameOf((resource["Fn::GetAtt"] as readonly Json[])[0] ?? ""));
	if ("Fn::Join" in resource) return nameOf((resource["Fn::Join"] as readonly Json[])[1] ?? "");
	return JSON.stringify(resource);
}

const shortName = (logicalId: string): string => logicalId.replace(/^AtlasSnapshots/, "").replace(/[0-9A-F]{8}$/, "");
