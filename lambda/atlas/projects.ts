import * as v from "valibot";
import { readPages } from "./pages.ts";
import type { Requests } from "./requests.ts";

const ProjectSchema = v.looseObject({
	id: v.pipe(v.string(), v.regex(/^[a-f0-9]{24}$/)),
	name: v.optional(v.unknown()),
});

/** A project, which Atlas's paths call a group. */
type Project = Readonly<v.InferOutput<typeof ProjectSchema>>;

export interface Projects {
	/** Every project that the keys can see. Rejects with an `AtlasError`. */
	readonly listProjects: () => Promise<readonly Project[]>;
}

/** @see Atlas Administration API, Projects (`listGroups`) */
export const createProjects = (requests: Requests): Projects => ({
	listProjects: () => readPages(requests, ProjectSchema, { path: "/groups" }),
});
