import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "aws-cdk-lib";
import flags from "aws-cdk-lib/recommended-feature-flags.json" with { type: "json" };
import { buildFunctions } from "../../infra/build.ts";
import type { Bundles } from "../../infra/constructs/props.ts";
import { readSettings } from "../../infra/settings/settings.ts";
import { AtlasSnapshotsStack } from "../../infra/stack.ts";
import { AGE_METRIC, NOT_FRESH_METRIC } from "../../lambda/domain/metrics.ts";
import { readCommand } from "../cli/command.ts";
import { ASSUMED, FIXED_PRICES, PRICES } from "./prices.ts";

const USAGE = `npm run cost -- [FLAGS]          what the deployed stack costs at rest, US
                                dollars a month, by its own templates
  --write                       renews the table in docs/performance.md
  --help, -h

exit code: 0 every figure is low enough, 1 one is too high,
           2 the call was wrong`;

const FLEETS = [0, 2, 40, 400] as const;
export const MOST: Readonly<Record<number, number>> = { 40: 25, 400: 35 };
const HOURS = 730;

/** What a look takes beside Atlas's replies, and a line of its log; the latter is measured generously. */
const LOOK = { clustersAtOnce: 4, seconds: 0.5, bytesOfCluster: 600, bytes: 2000 } as const;

interface Resource {
	readonly Type: string;
	readonly Properties?: Readonly<Record<string, unknown>>;
}

interface AlarmProperties {
	readonly MetricName?: string;
	readonly Metrics?: readonly { readonly MetricStat?: { readonly Metric: { readonly MetricName: string } } }[];
}

/** @param clusters that a nightly schedule names */
export function fixedCost(bundles: Bundles, clusters: number, vpc: boolean, outdir: string): number {
	const names = Array.from({ length: clusters }, (_, index) => `c${index}`);
	const request = { projectId: "32b6e34b3d91647abb20e7b8", clusters: names };
	const schedules = clusters > 0 ? [{ name: "nightly", expression: "cron(0 4 * * ? *)", request }] : [];
	const app = new App({
		context: { ...flags, "aws:cdk:disable-stack-trace": true },
		outdir,
		analyticsReporting: false,
	});
	const settings = readSettings({ schedules, vpc: vpc && {}, alarmEmail: "on-call@example.com" });
	const stack = new AtlasSnapshotsStack(app, "AtlasSnapshots", bundles, settings);
	const { Resources } = app.synth().getStackArtifact(stack.artifactId).template;
	return costOf(Object.values<Resource>(Resources), clusters);
}

export function costOf(resources: readonly Resource[], clusters: number): number {
	const count = (type: string) => resources.filter(({ Type }) => Type === type).length;
	const alarmed = resources
		.filter(({ Type }) => Type === "AWS::CloudWatch::Alarm")
		.flatMap(({ Properties }) => {
			const { MetricName, Metrics = [] } = Properties as AlarmProperties;
			return [MetricName, ...Metrics.map(({ MetricStat }) => MetricStat?.Metric.MetricName)];
		})
		.filter((name) => name !== undefined);
	// Of our own metrics only those of the looks are published while nothing runs.
	const published = alarmed.filter((name) => name === AGE_METRIC || name === NOT_FRESH_METRIC).length;
	const isLook = ({ Properties }: Resource) => Properties?.["ScheduleExpression"] === "rate(15 minutes)";
	const looks = resources.filter(isLook).length * HOURS * 4;
	const seconds = LOOK.seconds + (Math.ceil(clusters / LOOK.clustersAtOnce) * ASSUMED.networkMs) / 1000;
	const bytes = looks * (LOOK.bytes + clusters * LOOK.bytesOfCluster);
	return (
		alarmed.length * FIXED_PRICES.alarmMetric +
		published * FIXED_PRICES.customMetric +
		count("AWS::CloudWatch::Dashboard") * FIXED_PRICES.dashboard +
		count("AWS::SecretsManager::Secret") * FIXED_PRICES.secret +
		count("AWS::EC2::NatGateway") * FIXED_PRICES.natGatewayHour * HOURS +
		count("AWS::EC2::EIP") * FIXED_PRICES.publicAddressHour * HOURS +
		bytes * (FIXED_PRICES.logByte + FIXED_PRICES.logByteMonth) +
		looks * (FIXED_PRICES.schedulerInvocation + FIXED_PRICES.secretRead + PRICES.lambdaRequest) +
		looks * seconds * (ASSUMED.memory / 1024) * PRICES.lambdaGigabyteSecond
	);
}

const PAGE = new URL("../../docs/performance.md", import.meta.url);
const BEGIN = "<!-- fixed cost: npm run cost -- --write -->";
const END = "<!-- end of fixed cost -->";

async function main(): Promise<void> {
	const { write = false } = readCommand(USAGE, { write: { type: "boolean" } });
	const folder = mkdtempSync(join(tmpdir(), "atlas-snapshots-cost-"));
	try {
		const bundles = await buildFunctions(join(folder, "bundles"));
		const cost = (clusters: number, vpc: boolean) =>
			Math.round(fixedCost(bundles, clusters, vpc, join(folder, `${clusters}-${vpc}`)) * 10) / 10;
		const rows = FLEETS.map((clusters) => ({ clusters, plain: cost(clusters, false), nat: cost(clusters, true) }));
		const lines = rows.map(({ clusters, plain, nat }) => {
			const most = MOST[clusters];
			return `| ${clusters} | ${plain.toFixed(1)} | ${most === undefined ? "" : `≤ ${most} ${plain <= most ? "✓" : "✗"}`} | ${nat.toFixed(1)} |`;
		});
		const table = [
			"| named clusters | US$ a month at rest | must be | with one NAT gateway |",
			"| ---: | ---: | --- | ---: |",
			...lines,
		].join("\n");
		console.log(table);
		if (write) {
			const page = readFileSync(PAGE, "utf8");
			const [before = "", rest = ""] = page.split(BEGIN);
			const [, after = ""] = rest.split(END);
			writeFileSync(PAGE, `${before}${BEGIN}\n${table}\n${END}${after}`);
		}
		if (rows.some(({ clusters, plain }) => plain > (MOST[clusters] ?? Number.POSITIVE_INFINITY))) process.exitCode = 1;
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

if (import.meta.main) await main();
