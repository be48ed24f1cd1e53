import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { expect, test } from "vitest";
import { nightly, stackOf } from "./synthesize.ts";

const email = "night@acme.test";
const adminSecretArn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:admin-AbCdEf";

test.each([
	["as small as it gets", { http: false }],
	["by default", { schedules: [nightly], alarmEmail: email }],
	[
		"with everything",
		{
			schedules: [nightly],
			eventRules: [{ name: "hourly", expression: "rate(1 hour)" }],
			defaultRequest: nightly.request,
			http: { signedHook: true, accessLog: false },
			vpc: { natGateways: 2 },
			rotation: { adminSecretArn },
		},
	],
])("AwsSolutions finds nothing in the stack that is not acknowledged with a reason, %s", (_how, context) => {
	const { node } = stackOf(context);
	const app = node.root as App;
	Validations.of(app).addPlugins(new AwsSolutionsChecks(app));

	app.synth();

	const { pluginReports } = JSON.parse(readFileSync(join(app.outdir, "validation-report.json"), "utf8"));
	expect(pluginReports).toMatchObject([{ pluginName: "AwsSolutions", conclusion: "success", violations: [] }]);
	for (const { reason } of pluginReports[0].suppressedViolations) expect(reason).toMatch(/\w+ \w+ \w+/);
	expect(pluginReports[0].suppressedViolations.length).toBeGreaterThan(3);
});
