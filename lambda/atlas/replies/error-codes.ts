import type { AtlasErrorCode, AtlasFault } from "../../domain/errors.ts";

/** What a refusal means, and what to do about it. */
export interface ErrorMeaning {
	readonly code: AtlasErrorCode;
	readonly blame: AtlasFault["blame"];
	/** Continues “subject: …” and says what to do. */
	readonly message: string;
}

const means = (code: AtlasErrorCode, message: string, blame: AtlasFault["blame"] = "user"): ErrorMeaning => ({
	code,
	blame,
	message,
});

const KEY = "the API key or service account of the secret";

const ROLE = means(
	"ATLAS_ROLE_MISSING",
	`${KEY} is valid but lacks a role; grant it Project Backup Creator on this project (Project Backup Manager in older organisations)`,
);
const FOREIGN = means(
	"ATLAS_PROJECT_FOREIGN",
	`${KEY} belongs to another organisation or project; check projectId, or add it to this project`,
);
const NO_PROJECT = means("ATLAS_PROJECT_NOT_FOUND", "Atlas knows no such project; check projectId");
const NO_SNAPSHOT = means(
	"ATLAS_SNAPSHOT_NOT_FOUND",
	"Atlas knows no such snapshot (any more); was it deleted, or its cluster?",
);
const BACKUP_OFF = means(
	"ATLAS_BACKUP_OFF",
	"Cloud Backup is off for this cluster; turn it on in the cluster's settings",
);
const PAUSED = means("ATLAS_CLUSTER_PAUSED", "the cluster is paused; resume it first");
const SHARED_TIER = means(
	"ATLAS_NOT_DEDICATED",
	"on-demand snapshots need a dedicated cluster (M10 or larger), not M0, M2, M5 or Flex",
);
/** Less certain than the tier: the cluster's present state may be the cause. */
const UNSUPPORTED = means(
	"ATLAS_FORBIDDEN",
	"Atlas does not offer this for the cluster as it is now; on-demand snapshots need a dedicated cluster that is up",
);
const RUNNING = means(
	"ATLAS_SNAPSHOT_RUNNING",
	"another on-demand snapshot is queued or in progress; wait for its end, or choose how to meet it by onConflict",
	"transient",
);
const BILLING = means("ATLAS_BILLING", "Atlas wants its bill settled; see Billing in the organisation's settings");
const RETENTION = means(
	"ATLAS_BAD_REQUEST",
	"retentionInDays does not fit; a Backup Compliance Policy may demand more days",
);
const LIST =
	"the API access list of the key or service account (not the project's IP access list, which is for databases)";

/**
 * Atlas's error codes that mean the same whatever the 4xx status. `UNEXPECTED_ERROR` is not among them: it comes with
 * wrong keys and with server faults, so there the status speaks.
 *
 * @see Atlas Administration API Error Codes
 */
export const BY_ERROR_CODE: ReadonlyMap<string, ErrorMeaning> = new Map([
	["USER_UNAUTHORIZED", ROLE],
	["ACCESS_FORBIDDEN", ROLE],
	["NOT_IN_GROUP", FOREIGN],
	["USER_CANNOT_ACCESS_GROUP", FOREIGN],
	["USER_CANNOT_ACCESS_ORG", FOREIGN],
	["GROUP_NOT_FOUND", NO_PROJECT],
	["INVALID_GROUP_ID", NO_PROJECT],
	["CLUSTER_NOT_FOUND", means("ATLAS_CLUSTER_NOT_FOUND", "the project has no cluster of this name; check the request")],
	["SNAPSHOT_NOT_FOUND", NO_SNAPSHOT],
	["INVALID_SNAPSHOT_ID", NO_SNAPSHOT],
	["BACKUP_CONFIG_NOT_FOUND", BACKUP_OFF],
	["BACKUP_JOB_NOT_FOUND", BACKUP_OFF],
	["CANNOT_UPDATE_PAUSED_CLUSTER", PAUSED],
	["CLUSTER_PAUSED_CANNOT_RESTORE", PAUSED],
	["CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API", SHARED_TIER],
	["PROVIDER_BACKUP_NOT_SUPPORTED", SHARED_TIER],
	["INSUFFICIENT_INSTANCE_SIZE", SHARED_TIER],
	["FEATURE_UNSUPPORTED", UNSUPPORTED],
	["UNSUPPORTED_FOR_CURRENT_CONFIG", UNSUPPORTED],
	["UNFINISHED_ON_DEMAND_SNAPSHOT", RUNNING],
	["SNAPSHOT_RETENTION_LESS_THAN_BACKUP_COMPLIANCE_POLICY", RETENTION],
	["BACKUP_SNAPSHOT_RETENTION_VALUE_INVALID", RETENTION],
	[
		"WRITES_NOT_ALLOWED_DURING_APP_UPGRADES",
		means("ATLAS_UPGRADING", "Atlas is upgrading itself and takes no writes; later it will", "transient"),
	],
	["ACCOUNT_SUSPENDED", BILLING],
	["NO_PAYMENT_INFORMATION_FOUND", BILLING],
	["CANNOT_START_BACKUP_NO_BILLING_INFO", BILLING],
	[
		"VERSION_GONE",
		means(
			"ATLAS_VERSION_GONE",
			"Atlas has retired this version of its API; set ATLAS_MEDIA_TYPE to a newer one",
			"ours",
		),
	],
]);

/** The 403s of the access list, under their present and former names. */
const ACCESS_LIST_CODE = /^(IP_ADDRESS_NOT_ON|ORG_REQUIRES|RESOURCE_REQUIRES)_(ACCESS_LIST|WHITELIST)$/;

/** @param address as Atlas saw it */
export function accessListMeaning(
	errorCode: string | undefined,
	address: string | undefined,
): ErrorMeaning | undefined {
	if (errorCode === undefined || !ACCESS_LIST_CODE.test(errorCode)) return undefined;
	const message = errorCode.startsWith("IP_")
		? `Atlas saw this call come from ${address ?? "an address it does not tell"}, which is not on ${LIST}; add it there`
		: `the organisation demands an access list; put the function's address on ${LIST}`;
	return means("ATLAS_ADDRESS_REFUSED", message);
}

/** What a status means where Atlas's error code does not say more. */
export function meaningOfStatus(status: number): ErrorMeaning {
	if (status >= 500)
		return means("ATLAS_FAULT", `Atlas has a fault of its own (${status}); later it may do`, "transient");
	switch (status) {
		case 401:
			return means("ATLAS_KEY_REFUSED", `Atlas does not accept ${KEY}; put a valid one into the secret`);
		case 402:
			return BILLING;
		case 403:
			return means("ATLAS_FORBIDDEN", `Atlas forbids this to ${KEY}; check its roles and the organisation's policies`);
		case 404:
			return means("ATLAS_NOT_FOUND", "Atlas does not find it; check projectId and the cluster's name");
		case 408:
			return means("ATLAS_FAULT", "Atlas gave up waiting for the request (408); later it may do", "transient");
		case 409:
			return means(
				"ATLAS_CONFLICT",
				"something else is going on with this cluster (409); it has to end first",
				"transient",
			);
		case 410:
			return BY_ERROR_CODE.get("VERSION_GONE") ?? means("ATLAS_VERSION_GONE", "gone", "ours");
		case 429:
			return means("ATLAS_RATE_LIMITED", "Atlas's rate limit is reached; the call is due again later", "transient");
		case 400:
			return means("ATLAS_BAD_REQUEST", "Atlas refuses the request as it stands; check the request");
		default:
			return means(
				"ATLAS_BAD_REQUEST",
				`Atlas does not understand the request (${status}); this is a defect of the service`,
				"ours",
			);
	}
}
