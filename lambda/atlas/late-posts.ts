import { AtlasError } from "../domain/errors.ts";
import { subjectOf } from "./subject.ts";
import type { Layer } from "./wire.ts";

/** Milliseconds for which a POST may be sent, and sent again: less than any snapshot takes. */
export const POST_GOOD_FOR = 60_000;

/**
 * Holds back a POST that is no longer good. A 401 lets authentication send it again, since Atlas carries out nothing that
 * it refuses; but what stands in between may have sent it twice and brought the reply to the copy. At once, Atlas turns
 * the second one down, because the first one's snapshot is running; once that has ended it would take another.
 *
 * @throws AtlasError `ATLAS_NO_REPLY`, executed unknown: whoever asked looks for what may have been done
 */
export const holdBackLatePosts =
	(now: () => number): Layer =>
	(next) =>
	async (call) => {
		if (call.goodUntil === undefined || now() <= call.goodUntil) return next(call);
		throw new AtlasError(
			{ code: "ATLAS_NO_REPLY", blame: "transient", executed: "unknown" },
			`${subjectOf(call)}: not sent again, since so much time has passed that nobody knows what became of the request`,
		);
	};
