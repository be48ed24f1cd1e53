import * as v from "valibot";
import { InputError, MAX_FAULTS, toFaults } from "../domain/errors.ts";
import { parseLimits, type RequestLimits } from "../domain/limits.ts";
import { readSnapshotRequest, type SnapshotRequest } from "../domain/request.ts";

/** Atlas's media type: errors, snapshots and clusters are asked for by this one version date. */
export const ATLAS_MEDIA_TYPE = "application/vnd.atlas.2025-03-12+json";

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

/** The stack's name: it tells runs, markers and metrics of two stacks in one account and region apart. */
const StackName = v.optional(
	v.pipe(
		text,
		v.regex(/^[A-Za-z][A-Za-z0-9-]{0,127}$/, "must be a stack's name: a letter, then letters, digits and hyphens"),
	),
	"atlas-snapshots",
);

/** What hooks, HTTP callers and events may ask for. Nothing that is not understood is left out: it would let too much pass. */
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

/** Of every function that calls Atlas. */
const ForAtlas = {
	STACK_NAME: StackName,
	/** Name or ARN of the secret that holds the Atlas keys. */
	ATLAS_SECRET_ID: text,
	/** Where Atlas is; `https://cloud.mongodbgov.com` for government projects. */
	ATLAS_BASE_URL: v.optional(AtlasBaseUrl, "https://cloud.mongodb.com"),
	ATLAS_MEDIA_TYPE: v.optional(
		v.pipe(
			text,
			v.regex(/^application\/vnd\.atlas\.\d{4}-\d{2}-\d{2}\+json$/, "must be application/vnd.atlas.<date>+json"),
		),
		ATLAS_MEDIA_TYPE,
	),
};

const FreshnessConfigSchema = v.object(
	{
		...ForAtlas,
		/** Pinged after each look; it holds a token. */
		HEARTBEAT_URL: v.optional(v.pipe(text, v.check(isAllowedHeartbeat, HEARTBEAT_RULE))),
	},
	"is missing",
);

const SnapshotConfigSchema = v.object(
	{
		...ForAtlas,
		REQUEST_LIMITS: Limits,
		/** Name or ARN of the bus that outcomes are published on. */
		EVENT_BUS_NAME: text,
		/** Seconds before the first look at a new snapshot, and the least between two looks. */
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

export type FreshnessConfig = Readonly<v.InferOutput<typeof FreshnessConfigSchema>>;
export type SnapshotConfig = Readonly<v.InferOutput<typeof SnapshotConfigSchema>>;
export type TriggerConfig = Readonly<v.InferOutput<typeof TriggerConfigSchema>>;

/** The environment variables as the stack sets them: a renamed one fails the type check, not the first night. */
export type FreshnessEnvironment = v.InferInput<typeof FreshnessConfigSchema>;
export type SnapshotEnvironment = v.InferInput<typeof SnapshotConfigSchema>;
export type TriggerEnvironment = v.InferInput<typeof TriggerConfigSchema>;

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws InputError `CONFIG_INVALID`, naming every variable at fault and quoting no value */
export const readFreshnessConfig = (env: Environment): FreshnessConfig => read(FreshnessConfigSchema, env);

/** @throws InputError `CONFIG_INVALID`, naming every variable at fault and quoting no value */
export const readSnapshotConfig = (env: Environment): SnapshotConfig => read(SnapshotConfigSchema, env);

/** @throws InputError `CONFIG_INVALID`, naming every variable at fault and quoting no value */
export const readTriggerConfig = (env: Environment): TriggerConfig => read(TriggerConfigSchema, env);

function read<S extends v.GenericSchema<unknown, unknown>>(schema: S, env: Environment): v.InferOutput<S> {
	const result = v.safeParse(schema, env);
	if (result.success) return result.output;
	throw new InputError("CONFIG_INVALID", "environment", toFaults(result.issues));
}

/** Keys travel to this URL, so it is https, or loopback for tests and local runs. */
export function isAllowedAtlas(url: string): boolean {
	if (!URL.canParse(url)) return false;
	const { pathname, search } = new URL(url);
	return pathname === "/" && search === "" && isPrivate(new URL(url));
}

/** A URL of any path and query, that nobody on the way can read. */
export function isAllowedHeartbeat(url: string): boolean {
	return URL.canParse(url) && isPrivate(new URL(url));
}

function isPrivate({ protocol, hostname, hash, username, password }: URL): boolean {
	const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
	const bare = hash === "" && username === "" && password === "";
	return bare && (protocol === "https:" || (protocol === "http:" && loopback));
}
