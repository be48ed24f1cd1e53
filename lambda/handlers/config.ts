import * as v from "valibot";
import { InputError, MAX_FAULTS, toFaults } from "../domain/errors.ts";
import { parseLimits, type RequestLimits } from "../domain/limits.ts";
import { readSnapshotRequest, type SnapshotRequest } from "../domain/request.ts";

export const HEARTBEAT_RULE = "must be an https URL without user, password and fragment (http only for loopback)";

const text = v.pipe(v.string("is missing"), v.minLength(1, "must not be empty"));

const AtlasBaseUrl = v.pipe(
	text,
	v.check((url) => isAllowedAtlas(url), "must be an https URL without path or query (http only for loopback)"),
	v.transform((url) => new URL(url).origin),
);

const seconds = v.pipe(
	text,
	v.regex(/^\d+(\.\d+)?$/, "must be a number of seconds"),
	v.transform(Number),
	v.minValue(0.1, "must be 0.1 or more"),
	v.maxValue(3600, "must be 3600 or less"),
);

const DefaultRequest = v.pipe(
	text,
	v.rawTransform<string, SnapshotRequest>(({ dataset, addIssue, NEVER }) => {
		try {
			return readSnapshotRequest(JSON.parse(dataset.value));
		} catch (error) {
			addIssue({
				message: `must hold a request as JSON (${error instanceof InputError ? error.message : "this is no JSON"})`,
			});
			return NEVER;
		}
	}),
);

/** The stack's name: a part of the names of runs, of markers and of metrics. */
const StackName = v.optional(
	v.pipe(
		text,
		v.regex(/^[A-Za-z][A-Za-z0-9-]{0,127}$/, "must be a stack's name: a letter, then letters, digits and hyphens"),
	),
	"atlas-snapshots",
);

/** Limits of hooks, HTTP callers and events. An unknown field is an error: ignoring it could weaken a limit. */
const Limits = v.optional(
	v.pipe(
		text,
		v.rawTransform<string, RequestLimits>(({ dataset, addIssue, NEVER }) => {
			const read = parseLimits(dataset.value);
			if (!read.faults) return read.limits;
			const { message } = new InputError("CONFIG_INVALID", "limits", read.faults.slice(0, MAX_FAULTS));
			addIssue({ message: `must hold limits as JSON (${message})` });
			return NEVER;
		}),
	),
	"{}",
);

/** Variables of every function that calls Atlas. */
const ATLAS_VARIABLES = {
	STACK_NAME: StackName,
	/** Name or ARN of the secret that holds the Atlas keys. */
	ATLAS_SECRET_ID: text,
	/** Origin of Atlas; `https://cloud.mongodbgov.com` for government projects. */
	ATLAS_BASE_URL: v.optional(AtlasBaseUrl, "https://cloud.mongodb.com"),
	ATLAS_MEDIA_TYPE: v.optional(
		v.pipe(
			text,
			v.regex(/^application\/vnd\.atlas\.\d{4}-\d{2}-\d{2}\+json$/, "must be application/vnd.atlas.<date>+json"),
		),
	),
};

const FreshnessConfigSchema = v.object(
	{
		...ATLAS_VARIABLES,
		/** Pinged after each check; it holds a token. */
		HEARTBEAT_URL: v.optional(v.pipe(text, v.check(isAllowedHeartbeat, HEARTBEAT_RULE))),
	},
	"is missing",
);

const SnapshotConfigSchema = v.object(
	{
		...ATLAS_VARIABLES,
		REQUEST_LIMITS: Limits,
		/** Name or ARN of the bus that events are published on. */
		EVENT_BUS_NAME: text,
		/** Seconds before the first poll of a new snapshot, and the minimum between two polls. */
		FIRST_POLL_SECONDS: v.optional(seconds, "15"),
	},
	"is missing",
);

const TriggerConfigSchema = v.object(
	{
		REQUEST_LIMITS: Limits,
		STACK_NAME: StackName,
		/** ARN of the durable function's alias; a durable execution needs a qualified ARN. */
		SNAPSHOT_FUNCTION_ARN: text,
		/** The request that a cron rule's `Scheduled Event` with an empty `detail` carries out, as JSON. */
		DEFAULT_REQUEST: v.optional(DefaultRequest),
		/** Name or ARN of the secret with the keys of signed hooks; without it there is no hook route. */
		WEBHOOK_SECRET_ID: v.optional(text),
	},
	"is missing",
);

export type FreshnessConfig = ReturnType<typeof readFreshnessConfig>;
export type SnapshotConfig = ReturnType<typeof readSnapshotConfig>;
export type TriggerConfig = ReturnType<typeof readTriggerConfig>;

/** The environment variables as the stack sets them: the type check finds a renamed one. */
export type FreshnessEnvironment = v.InferInput<typeof FreshnessConfigSchema>;
export type SnapshotEnvironment = v.InferInput<typeof SnapshotConfigSchema>;
export type TriggerEnvironment = v.InferInput<typeof TriggerConfigSchema>;

/** Each reader throws InputError `CONFIG_INVALID`, naming every invalid variable and quoting no value. */
const readerOf =
	<S extends v.GenericSchema<unknown, unknown>>(schema: S) =>
	(env: Readonly<Record<string, string | undefined>>): Readonly<v.InferOutput<S>> => {
		const result = v.safeParse(schema, env);
		if (result.success) return result.output;
		throw new InputError("CONFIG_INVALID", "environment", toFaults(result.issues));
	};

export const readFreshnessConfig = readerOf(FreshnessConfigSchema);
export const readSnapshotConfig = readerOf(SnapshotConfigSchema);
export const readTriggerConfig = readerOf(TriggerConfigSchema);

/** Keys are sent to this URL, so it is https, or loopback for tests and local runs. */
export function isAllowedAtlas(url: string): boolean {
	if (!URL.canParse(url)) return false;
	const { pathname, search } = new URL(url);
	return pathname === "/" && search === "" && isPrivate(new URL(url));
}

/** The URL holds a token, so it is https as well. */
export function isAllowedHeartbeat(url: string): boolean {
	return URL.canParse(url) && isPrivate(new URL(url));
}

function isPrivate({ protocol, hostname, hash, username, password }: URL): boolean {
	const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
	const bare = hash === "" && username === "" && password === "";
	return bare && (protocol === "https:" || (protocol === "http:" && loopback));
}
