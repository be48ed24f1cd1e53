import * as v from "valibot";
import { InputError } from "../../lambda/domain/errors.ts";
import type { JsonObject } from "../../lambda/domain/json.ts";
import { type RequestLimitsInput, readCallerLimits } from "../../lambda/domain/limits.ts";
import { readSnapshotRequest, wholeNumber } from "../../lambda/domain/request.ts";
import { HEARTBEAT_RULE, isAllowedAtlas, isAllowedHeartbeat } from "../../lambda/handlers/config.ts";
import { arnOf } from "./arns.ts";
import { patternFaults } from "./event-pattern.ts";
import { expressionFault } from "./schedule-expression.ts";
import { isTimeZone } from "./time-zone.ts";

/** Days that CloudWatch Logs knows as a retention. */
const RETENTION_DAYS = [
	1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

/** Of 500 resources in a stack, these many may be alarms about single clusters. */
const MOST_CLUSTER_ALARMS = 300;

const STACK_NAME = /^[A-Za-z][A-Za-z0-9-]{0,127}$/;

/** An object with these fields and no other; unknown ones are named all at once. @param rule for anything that is no object */
const only = <E extends v.ObjectEntries>(entries: E, rule: string) =>
	v.objectWithRest(entries, v.never("is not known"), ({ expected }) => (expected === "Object" ? rule : "is missing"));

const text = v.string("must be a string");
const flag = v.boolean("must be true or false");

/** `false`, or the options. The schema library takes a list for an object. */
const falseOr = <S extends v.GenericSchema<unknown, unknown>>(schema: S) => {
	const no = v.literal(false, "must be false or a JSON object");
	return v.lazy((input): S | typeof no => (typeof input === "boolean" || Array.isArray(input) ? no : schema));
};

/** A JSON Pointer as the schema library has it. */
function toPath(pointer: string, input: unknown): [v.IssuePathItem, ...v.IssuePathItem[]] | undefined {
	const [first, ...rest] = pointer
		.split("/")
		.slice(1)
		.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
		.map((key) => ({ type: "unknown", origin: "value", input, key, value: undefined }) as const);
	return first && [first, ...rest];
}

/** Without a fragment: each link adds the fragment of a section. */
const isPage = (url: string): boolean =>
	/^https?:\/\/[^\s<>"]+$/.test(url) && URL.canParse(url) && new URL(url).hash === "" && !url.endsWith("#");

const Name = v.pipe(
	text,
	v.regex(/^[A-Za-z][A-Za-z0-9-]{0,39}$/, "must be 1 to 40 letters, digits and hyphens, a letter first"),
);

const Expression = v.pipe(
	text,
	v.rawCheck(({ dataset, addIssue }) => {
		const fault = dataset.typed ? expressionFault(dataset.value) : undefined;
		if (fault !== undefined) addIssue({ message: fault });
	}),
);

const Pattern = v.pipe(
	v.custom<JsonObject>(() => true),
	v.rawCheck(({ dataset: { value: input }, addIssue }) => {
		for (const fault of patternFaults(input, ""))
			addIssue({ message: fault.detail, path: toPath(fault.pointer, input) });
	}),
);

/** A request as the triggers read it, so that a wrong one is refused at synth, not when it fires. */
const RequestInput = v.pipe(
	v.unknown(),
	v.rawTransform(({ dataset: { value: input }, addIssue, NEVER }) => {
		try {
			return readSnapshotRequest(input);
		} catch (error) {
			for (const { pointer, detail } of error instanceof InputError ? error.faults : []) {
				addIssue({ message: detail, path: toPath(pointer, input) });
			}
			return NEVER;
		}
	}),
);

/** Limits as the functions read them. */
const LimitsInput = v.pipe(
	v.custom<RequestLimitsInput>(() => true),
	v.rawCheck(({ dataset: { value: input }, addIssue }) => {
		for (const { pointer, detail } of readCallerLimits(input).faults ?? []) {
			addIssue({ message: detail, path: toPath(pointer, input) });
		}
	}),
);

const Schedule = only(
	{
		name: Name,
		expression: Expression,
		timeZone: v.optional(v.pipe(text, v.check(isTimeZone, "must be an IANA time zone")), "Etc/UTC"),
		flexibleWindowMinutes: v.optional(wholeNumber(1, 1440, "minutes")),
		expectedEveryMinutes: v.optional(wholeNumber(15, 10 * 366 * 24 * 60, "minutes")),
		graceMinutes: v.optional(wholeNumber(1, 7 * 24 * 60, "minutes")),
		request: RequestInput,
	},
	"must be a JSON object",
);

const EventRule = only(
	{
		name: Name,
		pattern: v.optional(Pattern),
		expression: v.optional(Expression),
		busArn: v.optional(arnOf("bus")),
	},
	"must be a JSON object",
);

const Rotation = only(
	{ adminSecretArn: arnOf("secret"), everyDays: v.optional(wholeNumber(1, 365, "days"), 30) },
	"must be a JSON object",
);

const Http = only(
	{
		signedHook: v.optional(flag, false),
		hookSecretArn: v.optional(arnOf("secret")),
		ratePerSecond: v.optional(wholeNumber(1, 10_000, "requests"), 5),
		burst: v.optional(wholeNumber(1, 5000, "requests"), 10),
		accessLog: v.optional(flag, true),
	},
	"must be false or a JSON object",
);

const Vpc = only({ natGateways: v.optional(wholeNumber(1, 2, "gateways"), 1) }, "must be false or a JSON object");

/** Up to so many clusters each has an alarm of its own; `false` for none, `true` for as many as may be. */
const PerClusterAlarms = v.pipe(
	v.union([v.boolean(), v.number()], "must be true, false or a number of clusters"),
	v.transform((input) => (typeof input === "boolean" ? (input ? MOST_CLUSTER_ALARMS : 0) : input)),
	v.integer("must be a whole number of clusters"),
	v.minValue(0, "must be 0 or more"),
	v.maxValue(MOST_CLUSTER_ALARMS, `must be ${MOST_CLUSTER_ALARMS} or less`),
);

export const SettingsSchema = only(
	{
		stackName: v.optional(
			v.pipe(text, v.regex(STACK_NAME, "must be 1 to 128 letters, digits and hyphens, a letter first")),
		),
		secretArn: v.optional(arnOf("secret")),
		secretKeyArn: v.optional(arnOf("key")),
		hookSecretKeyArn: v.optional(arnOf("key")),
		rotation: v.optional(Rotation),
		schedules: v.optional(v.array(Schedule, "must be a list of schedules"), []),
		eventRules: v.optional(v.array(EventRule, "must be a list of rules"), []),
		defaultRequest: v.optional(RequestInput),
		limits: v.optional(LimitsInput),
		http: v.optional(falseOr(Http), {}),
		busArn: v.optional(arnOf("bus")),
		alarmTopicArn: v.optional(arnOf("topic")),
		alarmEmail: v.optional(v.pipe(text, v.email("must be an e-mail address"))),
		logRetentionDays: v.optional(v.picklist(RETENTION_DAYS, `must be one of ${RETENTION_DAYS.join(", ")} days`), 30),
		vpc: v.optional(falseOr(Vpc), false),
		atlasBaseUrl: v.optional(v.pipe(text, v.check(isAllowedAtlas, "must be an https URL without path or query"))),
		memoryMegabytes: v.optional(wholeNumber(128, 10_240, "megabytes"), 512),
		reservedConcurrency: v.optional(wholeNumber(1, 1000, "executions")),
		removalPolicy: v.optional(v.picklist(["retain", "destroy"], "must be retain or destroy"), "retain"),
		perClusterAlarms: v.optional(PerClusterAlarms),
		runbookUrl: v.optional(
			v.pipe(
				text,
				v.maxLength(500, "must not be longer than 500 characters"),
				v.check(isPage, "must be an http or https URL without fragment"),
			),
		),
		heartbeatUrl: v.optional(v.pipe(text, v.check(isAllowedHeartbeat, HEARTBEAT_RULE))),
	},
	"must be a JSON object",
);
