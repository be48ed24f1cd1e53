import type { Call } from "./wire.ts";

const PATH = /^\/api\/atlas\/v2\/groups\/([^/?]+)(?:\/clusters\/([^/?]+))?(?:\/backup\/snapshots\/([a-f0-9]{24}))?/;

/** What a call is about, as messages begin: read off its path, which only ever holds names of the request. */
export function subjectOf({ target }: Pick<Call, "target">): string {
	const [, project, cluster, snapshot] = PATH.exec(target) ?? [];
	if (project === undefined) return target.startsWith("/api/oauth/") ? "access token" : "atlas";
	return [
		...(snapshot === undefined ? [] : [`snapshot ${snapshot}`]),
		...(cluster === undefined ? [] : [`cluster ${decodeURIComponent(cluster)}`]),
		`project ${decodeURIComponent(project)}`,
	].join(" of ");
}
