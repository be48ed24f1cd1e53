import type { Event } from "@aws-sdk/client-lambda";

/** What `IncludeExecutionData=false` leaves out. */
const DATA = new Set(["Payload", "Result", "Error", "Input"]);

/**
 * An event of a history as it goes over the wire: times as seconds since 1970.
 *
 * @see AWS Lambda API, GetDurableExecutionHistory; Smithy, restJson1 (timestamps)
 */
export const toWire = (event: Event, withData: boolean): unknown => rewrite(event, withData);

function rewrite(value: unknown, withData: boolean): unknown {
	if (Object.prototype.toString.call(value) === "[object Date]") return Number(value) / 1000;
	if (Array.isArray(value)) return value.map((member) => rewrite(member, withData));
	if (typeof value !== "object" || value === null) return value;
	return Object.fromEntries(
		Object.entries(value)
			.filter(([key]) => withData || !DATA.has(key))
			.map(([key, member]) => [key, rewrite(member, withData)]),
	);
}
