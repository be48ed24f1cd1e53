import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { App, type IReusableStackSynthesizer } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import flags from "aws-cdk-lib/recommended-feature-flags.json" with { type: "json" };
import { afterAll, vi } from "vitest";
import { buildFunctions } from "../../infra/build.ts";
import { readSettings } from "../../infra/settings/settings.ts";
import { AtlasSnapshotsStack } from "../../infra/stack.ts";

// The first synth of a process reads much of the CDK, and a large stack is slow on a busy machine.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const folder = mkdtempSync(join(tmpdir(), "atlas-snapshots-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const handler = fileURLToPath(new URL("./empty-handler.ts", import.meta.url));
export const bundles = await buildFunctions(folder, { snapshot: handler, trigger: handler, freshness: handler });

export const PROJECT = "32b6e34b3d91647abb20e7b8";

export const nightly = {
	name: "nightly",
	expression: "cron(0 2 * * ? *)",
	timeZone: "Europe/Berlin",
	flexibleWindowMinutes: 15,
	expectedEveryMinutes: 1440,
	request: { projectId: PROJECT, clusters: ["prod-a", "prod-b"] },
};

/** A stack with empty functions, before it is synthesized. @param context as in `cdk.json` */
export function stackOf(context: object, defaultStackSynthesizer?: IReusableStackSynthesizer): AtlasSnapshotsStack {
	const app = new App({
		context: { ...flags, "aws:cdk:disable-stack-trace": true },
		outdir: mkdtempSync(join(folder, "out-")),
		analyticsReporting: false,
		defaultStackSynthesizer,
	});
	return new AtlasSnapshotsStack(app, "AtlasSnapshots", bundles, readSettings(context));
}

export const templateOf = (context: object): Template => Template.fromStack(stackOf(context));
