import * as v from "valibot";
import { InputError } from "../domain/errors.ts";
import { toFaults } from "../domain/faults.ts";
import { readSnapshotRequest } from "../domain/request.ts";
import type { CheckRequest } from "./examine.ts";

const Text = v.optional(v.string("must be a string"));

const CheckRequestSchema = v.object(
	{ projectId: Text, clusterName: Text, retentionInDays: v.optional(v.number("must be a whole number of days")) },
	"must be a JSON object",
);

/** Stands for the project or the cluster that is not named, so that a request's rules can be asked. */
const SOME_PROJECT = "0".repeat(24);
const SOME_CLUSTER = "any";

/**
 * Reads what the doctor is asked to look at: by the rules of a request, of which everything may be left out.
 *
 * @throws InputError `EVENT_INVALID` or `REQUEST_INVALID`, quoting no value
 */
export function readCheckRequest(input: unknown): CheckRequest {
	const read = v.safeParse(CheckRequestSchema, input);
	if (!read.success) throw new InputError("EVENT_INVALID", "doctor", toFaults(read.issues));
	const { projectId, clusterName, retentionInDays } = read.output;
	const request = readSnapshotRequest({
		projectId: projectId ?? SOME_PROJECT,
		clusterName: clusterName ?? SOME_CLUSTER,
		...(retentionInDays === undefined ? {} : { retentionInDays }),
	});
	return {
		...(projectId === undefined ? {} : { projectId }),
		...(clusterName === undefined ? {} : { clusterName }),
		retentionInDays: request.retentionInDays,
	};
}
