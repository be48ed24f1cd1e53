import type { SnapshotRequest } from "../domain/request.ts";
import { nameRun, type Run } from "../domain/run.ts";

/**
 * The run of one firing of one schedule, or of one rule with a schedule expression. Both the ARN and the time stay the
 * same however often the firing is delivered.
 *
 * @param arn of the schedule or rule; its name is the part after the last slash, if there is one
 * @param slot the scheduled time, as it was delivered
 */
export function ofSlot(stack: string, arn: string, slot: string, request: SnapshotRequest): Run {
	const name = arn.split("/").at(-1) || arn;
	return {
		run: nameRun({ stack, trigger: "schedule", caller: arn, key: slot }),
		trigger: "schedule",
		requestedBy: `schedule:${name}`,
		slot,
		request,
	};
}
