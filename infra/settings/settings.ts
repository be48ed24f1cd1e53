import * as v from "valibot";
import { InputError, type InputFault, toFaults } from "../../lambda/domain/errors.ts";
import { isRecord, type JsonObject, parseJson } from "../../lambda/domain/json.ts";
import { type Deployment, foreignArns, type GivenArn, mayBeOneSecret } from "./arns.ts";
import { expectedIntervalFaults } from "./expected-interval.ts";
import { SettingsSchema } from "./schema.ts";

/** The value of the context key `atlasSnapshots` in `cdk.json`, completed. Minutes, days and megabytes are whole numbers. */
export type Settings = Readonly<v.InferOutput<typeof SettingsSchema>>;

/** Begins each reported fault. */
export const SUBJECT = "context atlasSnapshots of cdk.json";

/**
 * Reads the settings of the app.
 *
 * @param context the context's value; a string, as `--context atlasSnapshots=…` gives it, must hold JSON
 * @param to what is deployed to; ARNs of elsewhere are refused
 * @throws InputError `CONFIG_INVALID`, naming every fault at once and quoting no value
 */
export function readSettings(context: unknown, to: Deployment = {}): Settings {
	const input = typeof context === "string" ? parseJson(context) : context;
	if (!isRecord(input))
		throw new InputError("CONFIG_INVALID", SUBJECT, [{ pointer: "", detail: "must be a JSON object" }]);
	const read = v.safeParse(SettingsSchema, input, { abortPipeEarly: true });
	const faults = [
		...(read.issues ? toFaults(read.issues) : []),
		...crossFaults(input),
		...referenceFaults(input),
		...foreignArns(arnsOf(input), to),
	];
	if (read.success && faults.length === 0) return read.output;
	throw new InputError("CONFIG_INVALID", SUBJECT, faults);
}

/** Rules between fields. They read the raw input, so that their faults are reported beside those of single fields. */
function crossFaults(input: JsonObject): InputFault[] {
	const { http, eventRules, rotation } = input;
	const adminSecretArn = isRecord(rotation) ? rotation["adminSecretArn"] : undefined;
	const rules = Array.isArray(eventRules) ? eventRules.filter(isRecord) : [];
	const signed = isRecord(http) && http["signedHook"] === true;
	const has = (key: string) => input[key] !== undefined;
	const faults: InputFault[] = [
		...duplicateNames("schedules", input["schedules"]),
		...duplicateNames("eventRules", eventRules),
		...intervalFaults(input["schedules"]),
	];
	const when = (broken: boolean, pointer: string, detail: string) => {
		if (broken) faults.push({ pointer, detail });
	};
	when(has("rotation") && has("secretArn"), "/rotation", "must be left out beside secretArn");
	when(has("alarmEmail") && has("alarmTopicArn"), "/alarmEmail", "must be left out beside alarmTopicArn");
	when(
		isRecord(http) && http["hookSecretArn"] !== undefined && !signed,
		"/http/hookSecretArn",
		"must be left out without signedHook",
	);
	when(
		isRecord(http) && [input["secretArn"], adminSecretArn].some((arn) => mayBeOneSecret(arn, http["hookSecretArn"])),
		"/http/hookSecretArn",
		"must not be the secret of the Atlas keys, which the trigger function may not read",
	);
	when(
		typeof input["busArn"] === "string" && input["busArn"].includes(":event-bus/aws.partner/"),
		"/busArn",
		"must not be a partner's bus: nobody else may put events on it",
	);
	when(has("hookSecretKeyArn") && !signed, "/hookSecretKeyArn", "must be left out without signedHook of http");
	when(
		has("hookSecretKeyArn") && input["hookSecretKeyArn"] === input["secretKeyArn"],
		"/hookSecretKeyArn",
		"must not be the key of the Atlas secret, which the trigger function may not use",
	);
	when(
		!has("defaultRequest") && rules.some((rule) => rule["expression"] !== undefined),
		"/defaultRequest",
		"is missing: an event rule with an expression carries it out",
	);
	for (const [index, { pattern, expression, busArn }] of rules.entries()) {
		const at = `/eventRules/${index}`;
		when((pattern === undefined) === (expression === undefined), at, "must have one of pattern and expression");
		when(expression !== undefined && busArn !== undefined, `${at}/busArn`, "must be left out beside expression");
	}
	return faults;
}

/** How the CDK and CloudFormation begin a reference in a text. */
const REFERENCE = `$${"{"}`;

/** Texts that the CDK or CloudFormation would read as references, and refuse. */
function referenceFaults(value: unknown, pointer = ""): InputFault[] {
	if (typeof value === "string" && value.includes(REFERENCE)) {
		return [
			{ pointer, detail: `must not hold ${REFERENCE}, which begins a reference of the CDK or of CloudFormation` },
		];
	}
	return typeof value === "object" && value !== null
		? Object.entries(value).flatMap(([key, item]) => referenceFaults(item, `${pointer}/${key}`))
		: [];
}

/** Settings that hold ARNs. */
function arnsOf(input: JsonObject): GivenArn[] {
	const { rotation, http, eventRules } = input;
	const rules = Array.isArray(eventRules) ? eventRules.filter(isRecord) : [];
	return [
		...["secretArn", "busArn", "alarmTopicArn"].map((key) => ({ pointer: `/${key}`, arn: input[key] })),
		{ pointer: "/http/hookSecretArn", arn: isRecord(http) ? http["hookSecretArn"] : undefined },
		{ pointer: "/rotation/adminSecretArn", arn: isRecord(rotation) ? rotation["adminSecretArn"] : undefined },
		...rules.map(({ busArn }, index) => ({ pointer: `/eventRules/${index}/busArn`, arn: busArn })),
		...["secretKeyArn", "hookSecretKeyArn"].map((key) => ({ pointer: `/${key}`, arn: input[key], mayBeShared: true })),
	];
}

/** Names that occur before, in whatever case: people would confuse them. */
function duplicateNames(list: string, items: unknown): InputFault[] {
	const names = (Array.isArray(items) ? items : []).map((item) =>
		isRecord(item) && typeof item["name"] === "string" ? item["name"].toLowerCase() : "",
	);
	return names.flatMap((name, index) =>
		name !== "" && names.indexOf(name) < index
			? [{ pointer: `/${list}/${index}/name`, detail: "must not occur twice, in whatever case" }]
			: [],
	);
}

const intervalFaults = (schedules: unknown): InputFault[] =>
	(Array.isArray(schedules) ? schedules : []).flatMap((schedule, index) => {
		const { expression, timeZone = "Etc/UTC", expectedEveryMinutes } = isRecord(schedule) ? schedule : {};
		if (typeof expression !== "string" || typeof timeZone !== "string") return [];
		const given = typeof expectedEveryMinutes === "number" ? expectedEveryMinutes : undefined;
		return expectedIntervalFaults({ expression, timeZone, expectedEveryMinutes: given }).map(({ field, detail }) => ({
			pointer: `/schedules/${index}/${field}`,
			detail,
		}));
	});
