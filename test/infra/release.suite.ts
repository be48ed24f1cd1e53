import { Template } from "aws-cdk-lib/assertions";
import { describe, expect, test } from "vitest";
import { addReleaseParameters, releaseSynthesizer } from "../../infra/packaging/release-template.ts";
import { cloudWatchFaults } from "./rules/cloudwatch.ts";
import { resolve } from "./rules/resolve.ts";
import { schemaFaults } from "./rules/resource-schemas.ts";
import { stackOf } from "./synthesize.ts";
import { VARIANTS } from "./variants.ts";

interface Json {
	readonly Parameters?: Readonly<Record<string, { readonly AllowedPattern?: string; readonly Default?: string }>>;
	readonly Rules?: unknown;
	readonly Outputs: unknown;
	readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties: { Code?: unknown } }>>;
}

const VERSION = /(CurrentVersion[0-9A-F]{8})[0-9a-f]{32}/g;

const released = (context: object) => {
	const stack = stackOf(context, releaseSynthesizer());
	addReleaseParameters(stack);
	return { template: Template.fromStack(stack).toJSON() as Json, name: stack.stackName };
};

/** Without where the functions' code is, and without the part of a version's name that is made of it. */
const withoutCode = (template: Json) =>
	Object.entries((JSON.parse(JSON.stringify(template).replaceAll(VERSION, "$1")) as Json).Resources).map(
		([id, { Properties, ...rest }]) => {
			const { Code: _, ...others } = Properties ?? {};
			return [id, rest, others];
		},
	);

describe.each([
	"as small as it gets",
	"with event rules",
	"in a network",
	"with rotation under one's own key",
	"with 120 clusters",
])("a release of the stack %s", (variant) => {
	const context = VARIANTS[variant] ?? {};
	const { template, name } = released(context);

	test("is accepted by AWS", () => {
		const resolved = resolve(template, name);

		expect([...schemaFaults(resolved), ...cloudWatchFaults(resolved)]).toEqual([]);
	});

	test("is the stack itself, but for two parameters that say where the code is, and needs no bootstrap", () => {
		const plain = Template.fromStack(stackOf(context)).toJSON() as Json;
		const codes = Object.values(template.Resources).flatMap(({ Properties }) => Properties?.Code ?? []);

		expect(withoutCode(template)).toEqual(withoutCode(plain));
		expect(template.Outputs).toEqual(plain.Outputs);
		expect(Object.keys(template.Parameters ?? {})).toEqual(["Bucket", "Prefix"]);
		expect(template.Rules).toBeUndefined();
		expect(JSON.stringify(template)).not.toMatch(/cdk-hnb659fds|BootstrapVersion/);
		expect(codes).toHaveLength(3);
		for (const code of codes) {
			expect(code).toEqual({
				// biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation's placeholder
				S3Bucket: { "Fn::Sub": "${Bucket}" },
				S3Key: { "Fn::Sub": expect.stringMatching(/^\$\{Prefix\}[0-9a-f]{64}\.zip$/) },
			});
		}
	});
});

test.each([
	["Bucket", ["my-artifacts", "a.b.c"], ["", "s3://my-artifacts", "my-artifacts/x", "My-Artifacts"]],
	["Prefix", ["", "a/", "team/atlas-snapshots/1.0/"], ["a", "/", "s3://a/b", "a b/"]],
])("the parameter %s takes what S3 takes, and nothing by mistake", (name, right, wrong) => {
	const pattern = new RegExp(released({ http: false }).template.Parameters?.[name]?.AllowedPattern ?? "");

	expect(right.filter((value) => !pattern.test(value))).toEqual([]);
	expect(wrong.filter((value) => pattern.test(value))).toEqual([]);
});
