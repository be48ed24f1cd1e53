import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { patternFaults } from "../../infra/settings/event-pattern.ts";
import { readSettings } from "../../infra/settings/settings.ts";
import { isRecord } from "../../lambda/domain/json.ts";
import { EVENT_DETAIL_TYPE, EVENT_SOURCE, type State } from "../../lambda/domain/outcome.ts";
import { toStateChangeEvent } from "../../lambda/domain/state-change.ts";
import { faultsOfEvent } from "../infra/events-schema.ts";
import { resolve, type Template } from "../infra/rules/resolve.ts";
import { schemaFaults } from "../infra/rules/resource-schemas.ts";
import { blocksOf, ROOT } from "./blocks.ts";

const BLOCKS = blocksOf("docs/events.md", "json").map((block): Record<string, unknown> => JSON.parse(block));
const isPattern = ({ source, id }: Record<string, unknown>) => Array.isArray(source) && id === undefined;
const PATTERNS = BLOCKS.filter(isPattern);
const NOTIFY = JSON.parse(readFileSync(`${ROOT}examples/slack-and-pagerduty.json`, "utf8"));

const STATES: readonly State[] = ["STARTED", "LATE", "COMPLETED", "FAILED", "SKIPPED", "REFUSED", "LOST"];
const eventOf = (state: State, more = {}) => {
	const run = {
		run: "schedule-1",
		trigger: "schedule",
		requestedBy: "schedule:nightly",
		slot: "2026-11-25T03:00:00Z",
		request: { clusters: ["prod-a"], retentionInDays: 7, onConflict: "join", deadlineMinutes: 60 },
	} as const;
	const target = { projectId: "32b6e34b3d91647abb20e7b8", clusterName: "prod-a" };
	const reason = { code: "HARD_LIMIT", message: 'its last status was "a\\b"\nor <none>' };
	const at = { requestedAt: 0, ...(state === "STARTED" || state === "LATE" ? {} : { endedAt: 1000 }) };
	const isGood = state === "STARTED" || state === "COMPLETED";
	const snapshot = { id: "6b0664da5a68cc9c01012344", status: "completed" };
	const own = isGood || state === "FAILED" ? { provenance: "created" as const, snapshot } : {};
	const detail = {
		...toStateChangeEvent(run, target, { state, ...at, ...own, ...(isGood ? {} : { reason }) }),
		...more,
	};
	return { source: EVENT_SOURCE, "detail-type": EVENT_DETAIL_TYPE, detail };
};

/**
 * Whether an event matches a pattern of plain values: each field of the pattern, in whatever member of a list.
 *
 * @see EventBridge user guide, "Creating event patterns": matching on values and arrays
 */
function matches(pattern: unknown, value: unknown): boolean {
	if (Array.isArray(value) && !(Array.isArray(pattern) && pattern.length === 0))
		return value.some((item) => matches(pattern, item));
	if (Array.isArray(pattern)) return pattern.includes(value);
	if (!isRecord(pattern) || !isRecord(value)) return false;
	return Object.entries(pattern).every(([name, inner]) => matches(inner, value[name]));
}

describe("docs/events.md", () => {
	test("shows an event as the schema has it", () => {
		const [event = {}] = BLOCKS;
		const { detail } = event;

		expect(isRecord(detail) && faultsOfEvent(detail)).toEqual([]);
		expect([event["source"], event["detail-type"]]).toEqual([EVENT_SOURCE, EVENT_DETAIL_TYPE]);
	});

	test("has patterns that EventBridge takes", () => {
		expect(PATTERNS).toHaveLength(5);
		for (const pattern of PATTERNS) expect(patternFaults(pattern, "")).toEqual([]);
	});

	test.each<[number, readonly State[], object]>([
		[0, ["COMPLETED", "FAILED", "SKIPPED", "REFUSED", "LOST"], {}],
		[1, ["FAILED", "REFUSED", "LOST"], {}],
		[2, ["COMPLETED"], {}],
		[2, [], { clusterName: "prod-b" }],
		[3, [], {}],
		[3, STATES, { requestedBy: "iam:arn:aws:sts::111122223333:assumed-role/deployer" }],
		[4, [], {}],
		[4, ["COMPLETED"], { warnings: [{ code: "NOT_PROVEN" }, { code: "SIZE_HALVED" }] }],
		[4, [], { warnings: [{ code: "NOT_PROVEN" }] }],
	])("pattern %i selects what is said above it: %j of %j", (index, states, more) => {
		const selected = STATES.filter((state) => matches(PATTERNS[index], eventOf(state, more)));

		expect(selected).toEqual(states);
	});

	test("names every field of the event, and every warning", () => {
		const text = readFileSync(`${ROOT}docs/events.md`, "utf8");
		const schema = JSON.parse(readFileSync(`${ROOT}docs/events.schema.json`, "utf8"));

		for (const field of Object.keys(schema.$defs.SnapshotStateChange.properties))
			expect(text).toContain(`\`${field}\``);
	});

	test("has settings that synth takes", () => {
		const [settings] = BLOCKS.filter((block) => "eventRules" in block);

		expect(readSettings(settings, {}).eventRules).toHaveLength(1);
	});

	test.each([...BLOCKS.filter((block) => "Resources" in block).entries()])(
		"has resources that CloudFormation takes (%i)",
		(_index, template) => {
			expect(faultsOf(resolve(template, "Other"))).toEqual([]);
		},
	);
});

/** The registry's schemas of these types are not kept here; the CDK's own specification knows their properties. */
const WITHOUT_SCHEMA = /\(AWS::Events::(Connection|ApiDestination)\) has no schema here/;
const faultsOf = (template: Template) => schemaFaults(template).filter((fault) => !WITHOUT_SCHEMA.test(fault));

describe("examples/slack-and-pagerduty.json", () => {
	const { Resources } = resolve(NOTIFY, "Notify");
	const targets = Object.values(Resources).flatMap(({ Properties: { EventPattern, Targets = [] } }) =>
		Targets.map(({ InputTransformer }: { InputTransformer: Transformer }) => ({ EventPattern, InputTransformer })),
	);

	test("has resources that CloudFormation takes", () => {
		expect(faultsOf({ Resources })).toEqual([]);
		for (const { EventPattern } of targets) expect(patternFaults(EventPattern, "")).toEqual([]);
	});

	test("makes JSON of every event that its rules select, whatever the reason says", () => {
		const bodies = targets.flatMap(({ EventPattern, InputTransformer }) =>
			STATES.map((state) => eventOf(state))
				.filter((event) => matches(EventPattern, event))
				.map((event) => JSON.parse(transform(InputTransformer, event))),
		);

		expect(bodies).toHaveLength(4 + 3 + 1);
		const [late] = bodies;
		expect(late).toEqual({
			text: "Atlas snapshot LATE: cluster prod-a of project 32b6e34b3d91647abb20e7b8, run schedule-1",
			attachments: [{ text: 'its last status was "a\\b"\nor <none>' }],
		});
		// PagerDuty's Events API v2: what a trigger must have, and the key by which the end resolves it.
		for (const body of bodies.filter(({ event_action: action }) => action === "trigger")) {
			expect(body.payload).toMatchObject({
				summary: expect.any(String),
				source: expect.any(String),
				severity: "error",
			});
		}
		expect(new Set(bodies.map(({ dedup_key: key }) => key).filter((key) => key !== undefined)).size).toBe(1);
	});
});

interface Transformer {
	readonly InputPathsMap: Readonly<Record<string, string>>;
	readonly InputTemplate: string;
}

/**
 * Puts values in place of a template's variables: as they are within quotes, as JSON elsewhere.
 *
 * @throws Error where a path leads to nothing, of which EventBridge's guide does not say what would stand there
 * @see EventBridge user guide, "Amazon EventBridge input transformation"
 */
function transform({ InputPathsMap, InputTemplate }: Transformer, event: object): string {
	return InputTemplate.replace(/(?<quoted>"[^"]*")|<(?<name>\w+)>/g, (text, quoted?: string, name?: string) => {
		if (quoted === undefined) return JSON.stringify(found(name ?? ""));
		return text.replace(/<(\w+)>/g, (_variable: string, inner: string) => {
			const value = String(found(inner));
			expect(value, "a value within quotes that would break them").toMatch(/^[\w.:/-]+$/);
			return value;
		});
	});
	function found(name: string): unknown {
		const path = InputPathsMap[name]?.split(".").slice(1) ?? [];
		const value = path.reduce<unknown>((inner, key) => (isRecord(inner) ? inner[key] : undefined), event);
		if (value === undefined || value === null) throw new Error(`${name} leads to nothing`);
		return value;
	}
}
