import type { Project, Role, SimulatedCluster } from "../state/model.ts";
import type { BucketName } from "../state/settings.ts";
import type { AtlasState } from "../state/state.ts";
import { ApiError } from "./errors.ts";
import type { ApiRequest } from "./request.ts";

/** What a request is for. `challenge` is one without credentials, `unknown` one for no operation. */
export const REQUEST_KINDS = [
	"token",
	"take",
	"get",
	"list",
	"listSharded",
	"getSharded",
	"clusters",
	"cluster",
	"groups",
	"group",
	"compliancePolicy",
	"challenge",
	"unknown",
] as const;
export type RequestKind = (typeof REQUEST_KINDS)[number];

/** An authenticated request, with what its path names. */
export interface OperationContext {
	readonly state: AtlasState;
	readonly request: ApiRequest;
	readonly params: Readonly<Record<string, string | undefined>>;
	/** `http://host:port`, for links. */
	readonly base: string;
	/** Date of the media type. */
	readonly version: string;
	/** The project of the path. @throws ApiError where the path names none */
	readonly project: Project;
}

export interface ApiOperation {
	readonly kind: RequestKind;
	readonly method: "GET" | "POST";
	/** Below `/api/atlas/v2`, parameters as `:name`. */
	readonly path: string;
	/** Oldest first. */
	readonly versions: readonly Version[];
	/** The least role that may do it; absent, no role is needed. */
	readonly role?: Role;
	readonly bucket: BucketName;
	/** `X-Java-Method`, where recorded. */
	readonly javaMethod?: string;
	/** @returns the body of the reply */
	readonly run: (context: OperationContext) => object;
}

/** A dated version of a resource. */
export interface Version {
	readonly date: string;
	/** HTTP dates of its deprecation and its end. */
	readonly deprecated?: { readonly since: string; readonly sunset: string };
}

const MEDIA_TYPE = /^application\/vnd\.atlas\.(\d{4}-\d{2}-\d{2})\+json$/;

/** The date in a media type; undefined where it is another type. */
export function dateOf(header: string | undefined): string | undefined {
	const [type = ""] = (header ?? "").split(";");
	const date = MEDIA_TYPE.exec(type.trim().toLowerCase())?.[1];
	return date === undefined || Number.isNaN(Date.parse(date)) ? undefined : date;
}

/**
 * The newest version not after the date of `Accept`, of several types the first that names a date.
 *
 * @param versions oldest first
 * @throws ApiError 406 without a usable date, 410 past the sunset
 */
export function resolveVersion(state: AtlasState, versions: readonly Version[], accept: string | undefined): Version {
	const date = (accept ?? "").split(",").map(dateOf).find(Boolean);
	const version = date === undefined ? undefined : versions.findLast((candidate) => candidate.date <= date);
	if (version === undefined) throw new ApiError("INVALID_VERSION_DATE");
	const sunset = version.deprecated === undefined ? Number.POSITIVE_INFINITY : Date.parse(version.deprecated.sunset);
	if (state.now() >= sunset || state.settings.goneVersions.includes(version.date))
		throw new ApiError("VERSION_GONE", [version.date]);
	return version;
}

const CLUSTER_NAME = /^[a-zA-Z0-9][a-zA-Z0-9-]*$/;

/** The cluster of the path. @throws ApiError 400 or 404 */
export function findCluster({ project, params }: OperationContext): SimulatedCluster {
	const name = params["clusterName"] ?? "";
	if (!CLUSTER_NAME.test(name)) throw new ApiError("INVALID_PATH_PARAMETER", ["clusterName"]);
	const cluster = project.clusters.get(name);
	if (cluster === undefined) throw new ApiError("CLUSTER_NOT_FOUND", [name, project.id]);
	if (cluster.kind === "flex") throw new ApiError("CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API", [name]);
	return cluster;
}
