import type { BucketLimit } from "./rate-limit.ts";

/** The endpoint sets that have buckets of their own. */
export type BucketName = "backups" | "clusters" | "groups";

/** How a cluster that takes no on-demand snapshots is refused. */
interface Refusal {
	readonly status: number;
	readonly errorCode: string;
}

/** Why a cluster takes no on-demand snapshots, where Atlas's own answer is not known and can be chosen. */
export type RefusalName = "tenant" | "paused" | "backupOff" | "creating" | "deleting";

/** Everything about the simulated Atlas that a test may turn. All of it can be changed while it runs. */
export interface Settings {
	/** Seconds from `queued` to `completed`, for clusters that do not say their own. */
	snapshotSeconds: number;
	/** Answer to a second on-demand snapshot: Atlas sends 400. */
	conflictStatus: 400 | 409;
	/** Page size where the request names none. */
	itemsPerPage: number;
	/** Pages are never longer than this, whatever the request names. */
	itemsPerPageCap: number;
	/** The order of lists of snapshots, which Atlas does not document. */
	listOrder: "oldestFirst" | "newestFirst";
	/** Seconds for which a new snapshot is missing from lists. */
	listDelaySeconds: number;
	/** The key that wraps a single object when `envelope=true`: Atlas's pages name both. */
	envelopeKey: "content" | "envelope";
	/** Seconds for which a token is good. */
	tokenSeconds: number;
	/** Tokens minted per minute, address and client. */
	tokensPerMinute: number;
	/** Tokens of a client that may live at once. */
	liveTokens: number;
	/** Error bodies of the token endpoint. */
	tokenErrorStyle: "rfc6749" | "apiError";
	/** Offered in this order, one challenge each. */
	digestAlgorithms: ("MD5" | "SHA-256")[];
	/** Seconds for which a nonce is good. */
	nonceSeconds: number;
	/** Requests that a nonce serves, less one: `nc` stays below it. */
	nonceUses: number;
	/** Whether `nc` must rise from request to request, as Apache's `AuthDigestNcCheck` wants; Jetty takes any order. */
	nonceCountsRise: boolean;
	/** `errorCode` of an authentication 401; production has been seen to send none. */
	unauthorizedErrorCode: string | null;
	/** Whether replies carry `RateLimit-*` and `Retry-After`. */
	rateLimitHeaders: boolean;
	buckets: Record<BucketName, BucketLimit>;
	/** Addresses and CIDR ranges from which the API may be used; null is everywhere. */
	accessList: string[] | null;
	/** The address that Atlas sees; null is the socket's. */
	clientAddress: string | null;
	/** Media-type dates that are past their sunset, whatever the clock says. */
	goneVersions: string[];
	/** Whether writes are refused with 405 while the control plane is upgraded. */
	upgrading: boolean;
	/** Seconds between a DELETE and the snapshot's disappearance. */
	deleteSeconds: number;
	refusals: Record<RefusalName, Refusal>;
}

/** A part of the settings; of buckets and refusals, single ones may be given. */
export type SettingsChange = Partial<
	Omit<Settings, "buckets" | "refusals"> & {
		buckets: Partial<Settings["buckets"]>;
		refusals: Partial<Settings["refusals"]>;
	}
>;

export function changeSettings(settings: Settings, { buckets, refusals, ...rest }: SettingsChange): void {
	Object.assign(settings, rest);
	Object.assign(settings.buckets, buckets);
	Object.assign(settings.refusals, refusals);
}

/** Atlas as recorded, and where no recording exists as documented. */
export const defaultSettings = (): Settings => ({
	snapshotSeconds: 4,
	conflictStatus: 400,
	itemsPerPage: 100,
	itemsPerPageCap: 500,
	listOrder: "oldestFirst",
	listDelaySeconds: 0,
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
	buckets: {
		backups: { capacity: 1200, refillRate: 600, refillSeconds: 60 },
		clusters: { capacity: 10000, refillRate: 5000, refillSeconds: 60 },
		groups: { capacity: 1200, refillRate: 500, refillSeconds: 60 },
	},
	accessList: null,
	clientAddress: null,
	goneVersions: [],
	upgrading: false,
	deleteSeconds: 0,
	refusals: {
		tenant: { status: 400, errorCode: "PROVIDER_BACKUP_NOT_SUPPORTED" },
		paused: { status: 409, errorCode: "CANNOT_UPDATE_PAUSED_CLUSTER" },
		backupOff: { status: 404, errorCode: "BACKUP_CONFIG_NOT_FOUND" },
		creating: { status: 403, errorCode: "UNSUPPORTED_FOR_CURRENT_CONFIG" },
		deleting: { status: 400, errorCode: "CLUSTER_ALREADY_REQUESTED_DELETION" },
	},
});
