import { type EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { ServiceError } from "../domain/errors.ts";
import { EVENT_DETAIL_TYPE, EVENT_SOURCE, type SnapshotStateChange } from "../domain/outcome.ts";

/**
 * Publishes changes of state on an EventBridge bus.
 *
 * The returned function resolves when the bus has accepted the event. A reply of 200 is not enough: each entry may be
 * refused on its own (`FailedEntryCount`).
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
			Detail: fitting(event),
			Resources: [],
		};
		const reply = await client.send(new PutEventsCommand({ Entries: [entry] })).catch((cause: unknown) => {
			throw failed(cause instanceof Error ? cause.name : "no reply", cause);
		});
		const refused = reply.Entries?.find(({ ErrorCode }) => ErrorCode !== undefined);
		if (refused || reply.FailedEntryCount !== 0) throw failed(refused?.ErrorCode ?? "an entry was refused");
	};
}

/** Bytes of UTF-8 for `detail`: an entry may hold 256 KB, the rest of it is far below 6 KB. */
const DETAIL_BYTES = 250 * 1024;

/** An event too large would never be accepted, and its news never heard: then the snapshot is cut to what names it. */
function fitting(event: SnapshotStateChange): string {
	const detail = JSON.stringify(event);
	if (event.snapshot === null || Buffer.byteLength(detail) <= DETAIL_BYTES) return detail;
	const { id, status } = event.snapshot;
	return JSON.stringify({ ...event, snapshot: { id, status } } satisfies SnapshotStateChange);
}

const failed = (why: string, cause?: unknown) =>
	new ServiceError("PUBLISH_FAILED", `event bus: the event was not accepted (${why})`, { cause, transient: true });
