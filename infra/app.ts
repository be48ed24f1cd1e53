/** The CDK app: bundles the functions, reads `cdk.json`, builds the stack and has cdk-nag look at it. */
import type { App } from "aws-cdk-lib";
import flags from "aws-cdk-lib/recommended-feature-flags.json" with { type: "json" };
import { InputError } from "../lambda/domain/errors.ts";
import { buildFunctions } from "./build.ts";
import { readSettings, type Settings } from "./settings.ts";

// esbuild works in a process of its own, so that the bundles are made while this one reads the CDK.
const [bundles, cdk, { AwsSolutionsChecks }, { AtlasSnapshotsStack }] = await Promise.all([
	buildFunctions(),
	import("aws-cdk-lib"),
	import("cdk-nag"),
	import("./stack.ts"),
]);

const app = new cdk.App({ context: flags });
const settings = settingsOf(app);
if (settings === undefined) process.exitCode = 1;
else {
	cdk.Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
	new AtlasSnapshotsStack(app, "AtlasSnapshots", bundles, settings);
	app.synth();
}

/** One clear sentence in place of a stack trace: the fault is in `cdk.json`, not here. */
function settingsOf({ node }: App): Settings | undefined {
	try {
		return readSettings(node.tryGetContext("atlasSnapshots"));
	} catch (error) {
		if (!(error instanceof InputError)) throw error;
		console.error(error.message);
		return undefined;
	}
}
