import { STATUS_CODES } from "node:http";

/** Atlas's error codes: the usual status, and the message with a `%` for each parameter. */
const SENTENCES: Readonly<Record<string, readonly [number, string]>> = {
	ATTRIBUTE_NEGATIVE_OR_ZERO: [400, "The attribute % must be greater than zero."],
	BACKUP_CONFIG_NOT_FOUND: [404, "No backup configuration exists for cluster % in group %."],
	CANNOT_UPDATE_PAUSED_CLUSTER: [409, "Cannot update cluster % while it is paused or being paused."],
	CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API: [400, "Flex cluster % cannot be used in the Cluster API."],
	CLUSTER_ALREADY_REQUESTED_DELETION: [400, "The cluster % has already been requested for deletion."],
	CLUSTER_NOT_FOUND: [404, "No cluster named % exists in group %."],
	GROUP_NOT_FOUND: [404, "No group with ID % exists."],
	INVALID_ATTRIBUTE: [400, "Invalid attribute % specified."],
	INVALID_GROUP_ID: [404, "An invalid group ID % was specified."],
	INVALID_JSON: [400, "Received JSON is malformed."],
	INVALID_PATH_PARAMETER: [400, "The path parameter % is malformed."],
	INVALID_QUERY_PARAMETER: [400, "The query parameter % is malformed."],
	INVALID_SNAPSHOT_ID: [404, "An invalid snapshot ID % was specified."],
	INVALID_VERSION_DATE: [406, "Invalid accept header or version date."],
	IP_ADDRESS_NOT_ON_ACCESS_LIST: [403, "IP address % is not allowed to access this resource."],
	METHOD_NOT_ALLOWED: [405, "The method is not allowed for this resource."],
	MISSING_ATTRIBUTE: [400, "The required attribute % was not specified."],
	NOT_IN_GROUP: [401, "The current user is not in the group, or the group does not exist."],
	PROVIDER_BACKUP_NOT_SUPPORTED: [400, "Cloud backup is not supported for this cluster."],
	RATE_LIMITED: [429, "Resource % is limited to % requests every % minutes."],
	RATE_LIMITED_TOKEN_BUCKET: [
		429,
		"Rate limit exceeded for %. Please retry after % seconds. Request capacity: %. Refill rate: % per % seconds.",
	],
	RESOURCE_NOT_FOUND: [404, "Cannot find resource %."],
	SERVICE_UNAVAILABLE: [503, "The service is temporarily unavailable."],
	SNAPSHOT_NOT_FOUND: [404, "No snapshot with ID % exists."],
	SNAPSHOT_RETENTION_LESS_THAN_BACKUP_COMPLIANCE_POLICY: [
		400,
		"The snapshot's retention is shorter than the Backup Compliance Policy allows.",
	],
	UNEXPECTED_ERROR: [500, "An unexpected error occurred."],
	UNFINISHED_ON_DEMAND_SNAPSHOT: [400, "Another on-demand snapshot is queued or in progress."],
	UNSUPPORTED_FOR_CURRENT_CONFIG: [403, "The operation is not supported for the cluster's current configuration."],
	UNSUPPORTED_MEDIA_TYPE: [415, "The content type is not supported."],
	USER_UNAUTHORIZED: [401, "Current user is not authorized to perform this action."],
	VERSION_GONE: [410, "The requested version is no longer available."],
	WRITES_NOT_ALLOWED_DURING_APP_UPGRADES: [405, "Writes are not allowed during application upgrades."],
};

/** An error reply to an authenticated request. */
export class ApiError extends Error {
	readonly status: number;
	readonly errorCode: string;
	readonly parameters: readonly (string | number)[];

	/** @param options `status` in place of the usual one */
	constructor(
		errorCode: string,
		parameters: readonly (string | number)[] = [],
		options: { readonly status?: number } = {},
	) {
		const [usual, sentence] = SENTENCES[errorCode] ?? [400, "The request was refused."];
		let next = 0;
		super(sentence.replaceAll("%", () => String(parameters[next++] ?? "")));
		this.status = options.status ?? usual;
		this.errorCode = errorCode;
		this.parameters = parameters;
	}

	/** Atlas's `ApiError`, fields in the order of the recordings. */
	toBody(): Readonly<Record<string, unknown>> {
		return {
			detail: this.message,
			error: this.status,
			errorCode: this.errorCode,
			parameters: this.parameters,
			reason: STATUS_CODES[this.status] ?? "Unknown",
		};
	}
}
