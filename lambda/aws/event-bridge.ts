import { type EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { ServiceError } from "../domain/errors.ts";
import { EVENT_DETAIL_TYPE, EVENT_SOURCE, type SnapshotStateChange } from "../domain/outcome.ts";

/**
 * Creates a function that publishes a state change and resolves when the bus has accepted it. A reply with status 200 may
 * still refuse an entry (`FailedEntryCount`).
 *
 * @throws ServiceError `PUBLISH_FAILED`
 * @see Amazon EventBridge API, PutEvents
 */
export function createEventPublisher(client: Pick<EventBridgeClient, "send">, bus: string) {
	return async (event: SnapshotStateChange): Promise<void> => {
		const entry = {
			EventBusName: bus,
			Source: EVENT_SOURCE,
			DetailType: EVENT_DETAIL_TYPE,
			Detail: toDetail(event),
			Resources: [],
		};
		const reply = await client.send(new PutEventsCommand({ Entries: [entry] })).catch((cause: unknown) => {
			throw publishFailed(cause instanceof Error ? cause.name : "no reply", cause);
		});
		const refused = reply.Entries?.find(({ ErrorCode }) => ErrorCode !== undefined);
		if (refused || reply.FailedEntryCount !== 0) throw publishFailed(refused?.ErrorCode ?? "an entry was refused");
	};
}

/** An entry may hold 256 KB; its other fields take less than 6 KB. */
const MAX_DETAIL_BYTES = 250 * 1024;

/** The event as JSON. If it is too large to be accepted, the snapshot is reduced to id and status. */
function toDetail(event: SnapshotStateChange): string {
	const detail = JSON.stringify(event);
	if (event.snapshot === null || Buffer.byteLength(detail) <= MAX_DETAIL_BYTES) return detail;
	const { id, status } = event.snapshot;
	return JSON.stringify({ ...event, snapshot: { id, status } } satisfies SnapshotStateChange);
}

const publishFailed = (why: string, cause?: unknown) =>
	new ServiceError("PUBLISH_FAILED", `event bus: the event was not accepted (${why})`, { cause, transient: true });
