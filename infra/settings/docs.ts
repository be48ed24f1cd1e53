/** Writes `docs/settings.md` from the schema of the settings: `npm run docs`. */
import { writeFileSync } from "node:fs";
import { SETTING_DESCRIPTIONS } from "./descriptions.ts";
import { SettingsSchema } from "./schema.ts";

export const PAGE = new URL("../../docs/settings.md", import.meta.url);

/** What the generator reads of a schema of the library. */
interface Schema {
	readonly type: string;
	readonly message?: unknown;
	readonly wrapped?: Schema;
	readonly default?: unknown;
	readonly entries?: Readonly<Record<string, Schema>>;
	readonly item?: Schema;
	readonly getter?: (input: unknown) => Schema;
	readonly pipe?: readonly Schema[];
}

interface Setting {
	readonly path: string;
	readonly rules: readonly string[];
	readonly fallback: string;
}

/** Every setting, each after the one that it is a part of. */
export function settings(schema: Schema = SettingsSchema as unknown as Schema, prefix = ""): readonly Setting[] {
	return Object.entries(schema.entries ?? {}).flatMap(([name, given]) => {
		const path = prefix === "" ? name : `${prefix}.${name}`;
		const optional = given.type === "optional";
		const inner = optional ? (given.wrapped ?? given) : given;
		const [object, rules] = [inner.getter ? inner.getter({}) : inner, rulesOf(inner)];
		const fallback = !optional ? "required" : given.default === undefined ? "" : `\`${JSON.stringify(given.default)}\``;
		const parts = object.item ? settings(object.item, `${path}[]`) : settings(object, path);
		return [{ path, rules, fallback }, ...parts];
	});
}

function rulesOf(schema: Schema): readonly string[] {
	const own = schema.getter ? [schema.getter(true), schema.getter({})] : [schema, ...(schema.pipe ?? [])];
	const messages = own.map(({ message }) => message).filter((message) => typeof message === "string");
	return [...new Set(messages)];
}

/** @throws Error for a setting without a description, or a description without a setting */
export function settingsPage(): string {
	const all = settings();
	const unknown = Object.keys(SETTING_DESCRIPTIONS).filter((path) => !all.some((setting) => setting.path === path));
	if (unknown.length > 0) throw new Error(`no settings: ${unknown.join(", ")}`);
	const rows = all.map(({ path, rules, fallback }) => {
		const known = SETTING_DESCRIPTIONS[path];
		if (!known) throw new Error(`no description of the setting ${path}`);
		const rule = [...rules, ...(known.rule === undefined ? [] : [known.rule])].join("; ");
		const example = `\`${JSON.stringify(known.example)}\``;
		return `| ${[`\`${path}\``, known.description, rule, known.fallback ?? fallback, example].map(cell).join(" | ")} |`;
	});
	return `${HEAD}\n${rows.join("\n")}\n${FOOT}`;
}

const cell = (text: string): string => text.replaceAll("|", "\\|");

const HEAD = `# Settings

The value of the context key \`atlasSnapshots\` in \`cdk.json\`. \`npm run docs\` writes this page from the schema that \`npm run synth\` reads the settings by. An unknown setting is refused by its name, and every fault is named at once, a line each. Names after \`[]\` are fields of each item of a list.

| setting | description | rule | default | example |
| --- | --- | --- | --- | --- |`;

const FOOT = `
## A topic of yours

\`alarmTopicArn\` names a topic that this stack does not change. Its policy must let two services publish, or nobody is notified:

\`\`\`json
[
  { "Effect": "Allow", "Principal": { "Service": "cloudwatch.amazonaws.com" }, "Action": "sns:Publish", "Resource": "<alarmTopicArn>",
    "Condition": { "StringEquals": { "aws:SourceAccount": "<account>" } } },
  { "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" }, "Action": "sns:Publish", "Resource": "<alarmTopicArn>",
    "Condition": { "StringEquals": { "aws:SourceAccount": "<account>" } } }
]
\`\`\`

Where the topic is encrypted with a key of yours, the key's policy must let both services use it: \`kms:GenerateDataKey*\` and \`kms:Decrypt\`.

## When a schedule's snapshots are expected

\`expectedEveryMinutes\` is best left out: then it is the longest time between two firings, found by going through twelve years of the time zone's calendar, daylight saving included. One that is given must not be shorter than the longest time in local time, and not longer than three times the longest time, since the alarm would miss more than three firings. EventBridge Scheduler skips a firing at a time that the clock skips, in many zones between 02:00 and 03:00 of one night a year: \`npm run synth\` warns of such a time.
`;

if (import.meta.main) {
	const { readCommand } = await import("../../local/cli/command.ts");
	readCommand(
		`npm run docs                    writes docs/settings.md from the schema
  --help, -h

exit code: 0 written, 1 not, 2 the call was wrong`,
		{},
	);
	writeFileSync(PAGE, settingsPage());
}
