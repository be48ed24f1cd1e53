import { runSimulation } from "@cloud-copilot/iam-simulate";
import { ACCOUNT } from "../variants.ts";
import type { Template } from "./resolve.ts";

interface Statement {
	readonly Effect: "Allow" | "Deny";
	readonly Action: string | readonly string[];
	readonly Resource: string | readonly string[];
}

interface PolicyDocument {
	readonly Statement: readonly Statement[];
}

/** A call of AWS by a role. */
export interface Call {
	readonly action: string;
	/** ARN. */
	readonly resource: string;
	/** Condition keys and their values. */
	readonly context?: Readonly<Record<string, string>>;
}

/** A key's policy as KMS makes it: the account decides by its roles' policies. */
const KEY_POLICY = {
	Version: "2012-10-17",
	Statement: [{ Effect: "Allow", Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: "kms:*", Resource: "*" }],
};

/** Every role of a resolved template by its name, with the policies that say what it may do. */
export function rolesOf({ Resources }: Template): ReadonlyMap<string, readonly PolicyDocument[]> {
	const roles = new Map<string, PolicyDocument[]>();
	for (const { Type, Properties } of Object.values(Resources)) {
		if (Type !== "AWS::IAM::Policy") continue;
		for (const role of Properties.Roles as string[]) {
			roles.set(role, [...(roles.get(role) ?? []), Properties.PolicyDocument as PolicyDocument]);
		}
	}
	return roles;
}

/** Name of the role of the function with this description. */
export function roleOf({ Resources }: Template, description: RegExp): string {
	const found = Object.values(Resources).find(
		({ Type, Properties }) => Type === "AWS::Lambda::Function" && description.test(Properties.Description),
	);
	return String(found?.Properties.Role).replace(/^.*role\//, "");
}

/** Every action that a role is allowed. */
export const actionsOf = (policies: readonly PolicyDocument[]): readonly string[] => [
	...new Set(policies.flatMap(({ Statement }) => Statement.flatMap(({ Action }) => [Action].flat()))),
];

/**
 * Whether IAM would let a role make a call.
 *
 * @throws Error for a call that IAM does not know: no such action, or not on such a resource
 */
export async function isAllowed(role: string, policies: readonly PolicyDocument[], call: Call): Promise<boolean> {
	const allowAll = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };
	const result = await runSimulation(
		{
			request: {
				principal: `arn:aws:iam::${ACCOUNT}:role/${role}`,
				action: call.action,
				resource: { resource: call.resource, accountId: ACCOUNT },
				contextVariables: { ...call.context },
			},
			identityPolicies: policies.map((policy, index) => ({ name: `policy${index}`, policy })),
			serviceControlPolicies: [{ orgIdentifier: "root", policies: [{ name: "all", policy: allowAll }] }],
			resourceControlPolicies: [],
			resourcePolicy: call.action.startsWith("kms:") ? KEY_POLICY : undefined,
		},
		{},
	);
	if (result.resultType === "error")
		throw new Error(`${call.action} on ${call.resource}: ${JSON.stringify(result.errors)}`);
	const ignored = result.resultType === "single" ? (result.result.ignoredContextKeys ?? []) : [];
	if (ignored.length > 0) throw new Error(`${call.action} knows no condition ${ignored.join(", ")}`);
	return result.overallResult === "Allowed";
}
