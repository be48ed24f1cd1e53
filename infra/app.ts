/** The CDK app: bundles the functions, reads `cdk.json`, builds the stack and has cdk-nag look at it. */
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

// esbuild works in a process of its own, so that the bundles are made while this one reads the CDK.
// The CDK copies them to its output, so that each synth has a folder of its own and two at once do not meet.
await using built = await mkdtempDisposable(join(tmpdir(), "atlas-snapshots-"));
const [bundles, cdk, { AwsSolutionsChecks }, { AtlasSnapshotsStack }, release] = await Promise.all([
	buildFunctions(built.path),
	import("aws-cdk-lib"),
	import("cdk-nag"),
	import("./stack.ts"),
	process.argv.includes("--release") ? import("./packaging/release-template.ts") : undefined,
]);

const to = deploymentOf(process.env);
// Synthesized below, once: on its own the app would do it again at the end, after a refusal, with a stack trace.
const app = new cdk.App({
	context: flags,
	autoSynth: false,
	defaultStackSynthesizer: release?.releaseSynthesizer(),
});
const refusals = faultsIn(() => synthesize(readSettings(app.node.tryGetContext("atlasSnapshots"), to)));
for (const line of refusals) console.error(line.replaceAll(/\s+/g, " "));
if (refusals.length > 0) process.exitCode = 1;

/** @returns what AWS would refuse for its size, a line each */
function synthesize(settings: Settings): readonly string[] {
	for (const warning of warningsOf(settings, to)) console.error(`warning: ${warning}`);
	cdk.Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
	const stack = new AtlasSnapshotsStack(app, settings.stackName ?? "AtlasSnapshots", bundles, settings);
	release?.addReleaseParameters(stack);
	// `tooLarge` says it in a line, where it is too large.
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

/** One sentence a fault in place of a stack trace: the fault is in `cdk.json`, not here. */
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
