import * as v from "valibot";

const Amount = v.pipe(v.number(), v.minValue(0));

const Limit = v.strictObject({
	/** Tokens at most. */
	capacity: Amount,
	/** Tokens added per step. */
	refillRate: Amount,
	/** Seconds between two steps. */
	refillSeconds: v.pipe(v.number(), v.minValue(0.001)),
});
/** A token bucket's size and speed: Atlas calls it the limit of an endpoint set. */
export type BucketLimit = v.InferOutput<typeof Limit>;

/** The endpoint sets that have a limit of their own. */
const Buckets = v.strictObject({ backups: Limit, clusters: Limit, groups: Limit });
export type BucketName = keyof v.InferOutput<typeof Buckets>;

const ErrorReply = v.strictObject({ status: Amount, errorCode: v.string() });
/** How Atlas rejects a cluster that cannot have on-demand snapshots. Its real replies are not known. */
const Refusals = v.strictObject({
	tenant: ErrorReply,
	paused: ErrorReply,
	backupOff: ErrorReply,
	creating: ErrorReply,
	deleting: ErrorReply,
});
export type RefusalName = keyof v.InferOutput<typeof Refusals>;

const entries = {
	/** Seconds from `queued` to `completed`, for clusters without a plan of their own. */
	snapshotSeconds: Amount,
	/** Status of the reply to a second on-demand snapshot: Atlas sends 400. */
	conflictStatus: v.picklist([400, 409]),
	/** Page size where the request names none. */
	itemsPerPage: Amount,
	/** The longest page, whatever the request names. */
	itemsPerPageCap: Amount,
	/** Seconds for which a new snapshot is missing from lists. */
	listDelaySeconds: Amount,
	/** The order of lists of snapshots, which Atlas does not document. */
	listOrder: v.picklist(["oldestFirst", "newestFirst"]),
	/** The key that wraps a single object when `envelope=true`: Atlas's pages name both. */
	envelopeKey: v.picklist(["content", "envelope"]),
	/** Seconds for which a token is valid. */
	tokenSeconds: Amount,
	/** Tokens issued per minute, address and client. */
	tokensPerMinute: Amount,
	/** Valid tokens of a client at a time. */
	liveTokens: Amount,
	/** Error bodies of the token endpoint. */
	tokenErrorStyle: v.picklist(["rfc6749", "apiError"]),
	/** Offered in this order, one challenge each. */
	digestAlgorithms: v.array(v.picklist(["MD5", "SHA-256"])),
	/** Seconds for which a nonce is valid. */
	nonceSeconds: Amount,
	/** Requests that a nonce serves, less one: `nc` stays below it. */
	nonceUses: Amount,
	/** Whether `nc` must rise from request to request, as Apache's `AuthDigestNcCheck` wants; Jetty takes any order. */
	nonceCountsRise: v.boolean(),
	/** `errorCode` of an authentication 401; production has been seen to send none. */
	unauthorizedErrorCode: v.nullable(v.string()),
	/** Whether replies carry `RateLimit-*` and `Retry-After`. */
	rateLimitHeaders: v.boolean(),
	/** Addresses and CIDR ranges from which the API may be used; null is everywhere. */
	accessList: v.nullable(v.array(v.string())),
	/** The client's address as Atlas sees it; null is the socket's. */
	clientAddress: v.nullable(v.string()),
	/** Media-type dates that are past their sunset, whatever the clock says. */
	goneVersions: v.array(v.string()),
	/** Whether writes are rejected with 405, as during an upgrade of the control plane. */
	upgrading: v.boolean(),
};

/** Every setting of the simulator. All of them can be changed while it runs. */
const SettingsSchema = v.strictObject({ ...entries, buckets: Buckets, refusals: Refusals });
export type AtlasSettings = v.InferOutput<typeof SettingsSchema>;

/** Some of the settings; of buckets and refusals, single ones may be given. */
export const SettingsChange = v.partial(
	v.strictObject({ ...entries, buckets: v.partial(Buckets), refusals: v.partial(Refusals) }),
);

export function changeSettings(
	settings: AtlasSettings,
	{ buckets, refusals, ...rest }: v.InferOutput<typeof SettingsChange>,
): void {
	Object.assign(settings, rest);
	Object.assign(settings.buckets, buckets);
	Object.assign(settings.refusals, refusals);
}

/** Atlas as recorded, and where no recording exists as documented. */
export const defaultSettings = (): AtlasSettings => ({
	snapshotSeconds: 4,
	conflictStatus: 400,
	itemsPerPage: 100,
	itemsPerPageCap: 500,
	listDelaySeconds: 0,
	listOrder: "oldestFirst",
	envelopeKey: "content",
	tokenSeconds: 3600,
	tokensPerMinute: 50,
	liveTokens: 100,
	tokenErrorStyle: "rfc6749",
	digestAlgorithms: ["MD5"],
	nonceSeconds: 60,
	nonceUses: 1024,
	nonceCountsRise: false,
	unauthorizedErrorCode: "UNEXPECTED_ERROR",
	rateLimitHeaders: true,
	accessList: null,
	clientAddress: null,
	goneVersions: [],
	upgrading: false,
	buckets: {
		backups: { capacity: 1200, refillRate: 600, refillSeconds: 60 },
		clusters: { capacity: 10000, refillRate: 5000, refillSeconds: 60 },
		groups: { capacity: 1200, refillRate: 500, refillSeconds: 60 },
	},
	refusals: {
		tenant: { status: 400, errorCode: "PROVIDER_BACKUP_NOT_SUPPORTED" },
		paused: { status: 409, errorCode: "CANNOT_UPDATE_PAUSED_CLUSTER" },
		backupOff: { status: 404, errorCode: "BACKUP_CONFIG_NOT_FOUND" },
		creating: { status: 403, errorCode: "UNSUPPORTED_FOR_CURRENT_CONFIG" },
		deleting: { status: 400, errorCode: "CLUSTER_ALREADY_REQUESTED_DELETION" },
	},
});
