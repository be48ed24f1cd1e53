import type { AtlasState } from "../state/state.ts";
import { ApiError } from "./refused.ts";

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
 * @throws Refused 406 without a usable date, 410 past the sunset
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
