import { CREDENTIALS_REFUSED_METRIC, THROTTLED_METRIC } from "./metrics.ts";

/** The doctor's checks, in order. */
export const CHECK_NAMES = [
	"secret",
	"atlas",
	"key",
	"address",
	"project",
	"cluster",
	"role",
	"tier",
	"state",
	"paused",
	"backup",
	"retention",
	"running",
	"budget",
] as const;
export type CheckName = (typeof CHECK_NAMES)[number];

/**
 * Everything that depends on an error's code alone. Whether a refusal may be passing depends on its HTTP status (401,
 * 403), and whether a request may have been carried out on what was sent: see `AtlasFault`.
 */
export interface ErrorInfo extends ErrorTraits {
	/** Who must act: `transient`, nobody, time cures it; `user`, whoever set up Atlas; `ours`, a defect of this service. */
	readonly blame: "transient" | "user" | "ours";
	/** HTTP status where every target of a run was refused. 401 and 403 are for the caller's keys, and these are ours. */
	readonly httpStatus: 402 | 404 | 409 | 422 | 502 | 503;
	/** The doctor's check that fails; `null`: the check that made the request. */
	readonly check: CheckName | null;
	/** Continues "subject: …" and says what to do. */
	readonly message: string;
}

interface ErrorTraits {
	/** The CloudWatch metric that counts it. */
	readonly metric?: string;
	/** The cluster can't have an on-demand snapshot: a named cluster is refused, a selected one skipped. */
	readonly ineligible?: boolean;
	/** The state of the cluster can't be the cause, so there is no need to read it. */
	readonly unrelatedToCluster?: boolean;
}

const infoBy =
	(blame: ErrorInfo["blame"]) =>
	(
		httpStatus: ErrorInfo["httpStatus"],
		check: ErrorInfo["check"],
		message: string,
		traits: ErrorTraits = {},
	): ErrorInfo => ({
		blame,
		httpStatus,
		check,
		message,
		...traits,
	});
const transient = infoBy("transient");
const user = infoBy("user");
const ours = infoBy("ours");

const KEY = "the API key or service account of the secret";
const ineligible = { ineligible: true };
const unrelatedToCluster = { unrelatedToCluster: true };
const credentials = { metric: CREDENTIALS_REFUSED_METRIC, ...unrelatedToCluster };

/** Every code with which the targets of a run fail. */
export const TARGET_ERRORS = {
	/** No connection: nothing was sent, so nothing was carried out. */
	ATLAS_UNREACHABLE: transient(502, "atlas", "no connection to Atlas"),
	/** Sent, but no whole reply came: nobody knows whether it was carried out. */
	ATLAS_NO_REPLY: transient(502, "atlas", "the request was sent, but no whole reply came"),
	/** A reply that is not Atlas's: a proxy's web page, cut JSON. */
	ATLAS_UNREADABLE: transient(502, "atlas", "if this lasts, look for a proxy between the function and Atlas"),
	/** 5xx, 408. */
	ATLAS_FAULT: transient(502, "atlas", "Atlas has a fault of its own; later it may do"),
	/** 429. */
	ATLAS_RATE_LIMITED: transient(503, "budget", "Atlas's rate limit is reached; the call is due again later", {
		metric: THROTTLED_METRIC,
	}),
	/** 405 while Atlas upgrades itself. */
	ATLAS_UPGRADING: transient(503, "atlas", "Atlas is upgrading itself and takes no writes; later it will"),
	/** 401 to a fresh challenge or token. */
	ATLAS_KEY_REFUSED: user(502, "key", `Atlas does not accept ${KEY}; put a valid one into the secret`, credentials),
	ATLAS_ROLE_MISSING: user(
		502,
		"role",
		`${KEY} is valid but lacks a role; grant it Project Backup Creator on this project (Project Backup Manager in older organisations)`,
		credentials,
	),
	ATLAS_PROJECT_FOREIGN: user(
		502,
		"project",
		`${KEY} belongs to another organisation or project; check projectId, or add it to this project`,
		credentials,
	),
	/** The address is not on the key's access list, or there is no list where the organisation demands one. */
	ATLAS_ADDRESS_REFUSED: user(
		502,
		"address",
		"put the function's address on the API access list of the key or service account (not the project's IP access list, which is for databases)",
		credentials,
	),
	/** Any other 403. */
	ATLAS_FORBIDDEN: user(502, "role", `Atlas forbids this to ${KEY}; check its roles and the organisation's policies`),
	/** Less certain than the tier: the cluster's present state may be the cause. */
	ATLAS_UNSUPPORTED: user(
		422,
		"role",
		"Atlas does not offer this for the cluster as it is now; on-demand snapshots need a dedicated cluster that is up",
	),
	ATLAS_PROJECT_NOT_FOUND: user(404, "project", "Atlas knows no such project; check projectId", unrelatedToCluster),
	ATLAS_CLUSTER_NOT_FOUND: user(
		404,
		"cluster",
		"the project has no cluster of this name; check the request",
		unrelatedToCluster,
	),
	ATLAS_SNAPSHOT_NOT_FOUND: user(422, null, "Atlas knows no such snapshot (any more); was it deleted, or its cluster?"),
	/** Any other 404. */
	ATLAS_NOT_FOUND: user(404, null, "Atlas does not find it; check projectId and the cluster's name"),
	ATLAS_BACKUP_OFF: user(422, "backup", "Cloud Backup is off; turn it on in the cluster's settings", ineligible),
	ATLAS_CLUSTER_PAUSED: user(
		409,
		"paused",
		"it is paused, and Atlas takes no backups of a paused cluster; resume it first",
		ineligible,
	),
	ATLAS_NOT_DEDICATED: user(
		422,
		"tier",
		"on-demand snapshots need a dedicated cluster (M10 or larger), not M0, M2, M5 or Flex",
		ineligible,
	),
	ATLAS_CLUSTER_CREATING: user(422, "state", "Atlas is still creating it; request again when it is up", ineligible),
	ATLAS_CLUSTER_DELETING: user(422, "state", "Atlas is deleting it; take it out of the request", ineligible),
	/** Another on-demand snapshot; 400. */
	ATLAS_SNAPSHOT_RUNNING: transient(
		409,
		"running",
		"another on-demand snapshot is queued or in progress; wait for its end, or choose how to meet it by onConflict",
	),
	/** Any other 409. */
	ATLAS_CONFLICT: transient(409, null, "something else is going on with this cluster (409); it has to end first"),
	ATLAS_BILLING: user(402, null, "Atlas wants its bill settled; see Billing in the organisation's settings"),
	ATLAS_RETENTION_REFUSED: user(
		422,
		"retention",
		"retentionInDays does not fit; a Backup Compliance Policy may demand more days",
	),
	/** 410. */
	ATLAS_VERSION_GONE: ours(
		502,
		"atlas",
		"Atlas has retired this version of its API; set ATLAS_MEDIA_TYPE to a newer one",
		unrelatedToCluster,
	),
	/** Any other 4xx. Of a status that no correct request gets, it is ours. */
	ATLAS_BAD_REQUEST: user(422, null, "Atlas rejects the request; check its fields"),
	SECRET_UNREADABLE: user(502, "secret", "Secrets Manager did not return it", credentials),
	SECRET_INVALID: user(502, "secret", "it holds no keys that can be used", credentials),
	/** The function was stopped within a request. */
	INTERRUPTED: transient(502, null, "the function was stopped while it requested the snapshot"),
	/** An error that is not of this vocabulary. */
	UNEXPECTED: ours(502, null, "an unexpected error was raised; see the function's log"),
};

/** A code of the table. */
export type TargetErrorCode = keyof typeof TARGET_ERRORS;
/** How a request to Atlas ended, if not well. */
export type AtlasErrorCode = Extract<TargetErrorCode, `ATLAS_${string}`>;

/** @returns `undefined` for a code that is none of the table */
export const errorInfo = (code: string): ErrorInfo | undefined =>
	Object.hasOwn(TARGET_ERRORS, code) ? TARGET_ERRORS[code as TargetErrorCode] : undefined;
