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
export function toEventBridge(client: Pick<EventBridgeClient, "send">, bus: string) {
	return async (event: SnapshotStateChange): Promise<void> => {
		const entry = {
			EventBusName: bus,
			Source: EVENT_SOURCE,
			DetailType: EVENT_DETAIL_TYPE,
			Detail: JSON.stringify(event),
			Resources: [],
		};
		const reply = await client.send(new PutEventsCommand({ Entries: [entry] })).catch((cause: unknown) => {
			throw failed(cause instanceof Error ? cause.name : "no reply", cause);
		});
		const refused = reply.Entries?.find(({ ErrorCode }) => ErrorCode !== undefined);
		if (refused || reply.FailedEntryCount !== 0) throw failed(refused?.ErrorCode ?? "an entry was refused");
	};
}

const failed = (why: string, cause?: unknown) =>
	new ServiceError("PUBLISH_FAILED", `event bus: the event was not accepted (${why})`, { cause, transient: true });
