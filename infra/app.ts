/** The CDK app: bundles the functions, reads `cdk.json`, builds the stack and checks it with cdk-nag. */
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import flags from "aws-cdk-lib/recommended-feature-flags.json" with { type: "json" };
import { InputError } from "../lambda/domain/errors.ts";
import { buildFunctions } from "./build.ts";
import { deploymentOf } from "./settings/arns.ts";
import { readSettings, type Settings, SUBJECT } from "./settings/settings.ts";
import { warningsOf } from "./settings/warnings.ts";
import { tooLarge, tooManyResources } from "./template-limits.ts";

// esbuild works in a process of its own while this one loads the CDK, which copies the bundles to its output. The folder
// is temporary, so that two synths at once do not share it.
await using built = await mkdtempDisposable(join(tmpdir(), "atlas-snapshots-"));
const [bundles, cdk, { AwsSolutionsChecks }, { AtlasSnapshotsStack }, release] = await Promise.all([
	buildFunctions(built.path),
	import("aws-cdk-lib"),
	import("cdk-nag"),
	import("./stack.ts"),
	process.argv.includes("--release") ? import("./packaging/release-template.ts") : undefined,
]);

const to = deploymentOf(process.env);
// Synthesized below: `autoSynth` would do it again after a fault, with a stack trace.
const app = new cdk.App({
	context: flags,
	autoSynth: false,
	defaultStackSynthesizer: release?.releaseSynthesizer(),
});
const faults = faultsIn(() => synthesize(readSettings(app.node.tryGetContext("atlasSnapshots"), to)));
for (const line of faults) console.error(line.replaceAll(/\s+/g, " "));
if (faults.length > 0) process.exitCode = 1;

/** @returns faults of the template's size, a line each */
function synthesize(settings: Settings): readonly string[] {
	for (const warning of warningsOf(settings, to)) console.error(`warning: ${warning}`);
	cdk.Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
	const stack = new AtlasSnapshotsStack(app, settings.stackName ?? "AtlasSnapshots", bundles, settings);
	release?.addReleaseParameters(stack);
	cdk.Validations.of(stack).acknowledge({
		id: "Annotation::@aws-cdk/core:Stack.templateSize",
		reason: "a template below CloudFormation's limit deploys",
	});
	const tooMany = tooManyResources(stack);
	if (tooMany !== undefined) return [`${SUBJECT}: ${tooMany}`];
	const { template, templateFullPath } = app.synth().getStackArtifact(stack.artifactId);
	const { schedules, eventRules } = settings;
	const made = `${Object.keys(template.Resources).length} resources, ${schedules.length} schedules, ${eventRules.length} event rules`;
	console.log(`stack ${stack.stackName}: ${made}; template ${relative(process.cwd(), templateFullPath)}`);
	return tooLarge(template).map((fault) => `${SUBJECT}: ${fault}`);
}

/** One sentence for each fault in `cdk.json`, without a stack trace. */
function faultsIn(work: () => readonly string[]): readonly string[] {
	try {
		return work();
	} catch (error) {
		if (!(error instanceof Error)) throw error;
		if (!(error instanceof InputError)) return error.message.split("\n").slice(0, 1);
		return error.faults.map(({ pointer, detail }) => {
			const field = pointer.slice(1).replaceAll("/", ".");
			return field === "" ? `${SUBJECT}: ${detail}` : `${SUBJECT}: ${field} ${detail}`;
		});
	}
}
