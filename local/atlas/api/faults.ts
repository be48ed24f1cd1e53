import * as v from "valibot";
import { REQUEST_KINDS } from "./operation.ts";
import type { ApiRequest } from "./request.ts";

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));
const When = v.picklist(["before", "after"]);

/** What may be done to a request. `before` and `after` are those of the operation's execution. */
const Action = v.variant("type", [
	/** The socket is destroyed, no byte is answered. */
	v.strictObject({ type: v.literal("drop"), when: When }),
	v.strictObject({ type: v.literal("delay"), ms: Count, when: v.optional(When, "before") }),
	/** Executed; the reply ends after so many bytes of its body, though its length says otherwise. */
	v.strictObject({ type: v.literal("cut"), bytes: Count }),
	/** A proxy's page in place of the reply. */
	v.strictObject({
		type: v.literal("html"),
		status: v.optional(Count, 502),
		executed: v.optional(v.boolean(), false),
	}),
	/** An error in place of the reply. `retryAfter` is in seconds. */
	v.strictObject({
		type: v.literal("status"),
		status: Count,
		errorCode: v.optional(v.string()),
		parameters: v.optional(v.array(v.union([v.string(), v.number()]))),
		retryAfter: v.optional(Count),
		executed: v.optional(v.boolean(), false),
	}),
	/** The request arrives twice; the client reads the first answer, or the second. */
	v.strictObject({ type: v.literal("repeat"), answer: v.optional(v.picklist(["first", "second"]), "first") }),
	/** Executed; the body is not JSON, though it says so. */
	v.strictObject({ type: v.literal("garbage") }),
	/** Executed; another body in place of the reply's. */
	v.strictObject({ type: v.literal("body"), value: v.string() }),
	/** Executed; the text stands in every field of the body that holds one, beside it under its own name, and in headers. */
	v.strictObject({ type: v.literal("echo"), value: v.string() }),
	/** Executed; after so many interim replies (103), which end only with the connection where none is given. */
	v.strictObject({ type: v.literal("interim"), times: v.optional(Count) }),
	/** Executed; the reply begins and never ends, a byte now and then. */
	v.strictObject({ type: v.literal("trickle") }),
	/** Executed; the body as it should be, with one more field: nested so deep, or so many bytes long. */
	v.strictObject({ type: v.literal("grow"), depth: v.optional(Count, 0), bytes: v.optional(Count, 0) }),
	/** Executed; the body is as it should be, its type is not. */
	v.strictObject({ type: v.literal("contentType"), value: v.string() }),
]);

/** A fault as it may be given, in code or over `/_control/faults`. */
export const FaultSchema = v.strictObject({
	on: v.strictObject({
		kind: v.picklist(["any", ...REQUEST_KINDS]),
		/** Only requests whose path names this cluster. */
		cluster: v.optional(v.string()),
		/** The first request to meet it, counted from when the fault was added, from 1. */
		nth: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1),
		/** How many requests in a row meet it. */
		times: v.optional(v.union([v.pipe(v.number(), v.minValue(1)), v.literal("always")]), 1),
	}),
	do: Action,
});

export type Fault = v.InferInput<typeof FaultSchema>;
export type FaultAction = v.InferOutput<typeof Action>;

/** A fault that lies in wait. */
interface ArmedFault {
	/** Requests that met it so far. */
	readonly fired: number;
	remove(): void;
}

export interface FaultPlan {
	/** @throws ValiError where the fault is malformed */
	add(fault: Fault): ArmedFault;
	clear(): void;
	/** What befalls this request; counts it for every fault that watches its kind. */
	actionsFor(kind: string, cluster: string | undefined, request?: ApiRequest): readonly FaultAction[];
}

const NOTHING: readonly FaultAction[] = [];

export function createFaultPlan(): FaultPlan {
	const armed = new Set<{ readonly fault: v.InferOutput<typeof FaultSchema>; seen: number; fired: number }>();
	return {
		add(given) {
			const entry = { fault: v.parse(FaultSchema, given), seen: 0, fired: 0 };
			armed.add(entry);
			return {
				get fired() {
					return entry.fired;
				},
				remove: () => void armed.delete(entry),
			};
		},
		clear: () => armed.clear(),
		actionsFor(kind, cluster) {
			if (armed.size === 0) return NOTHING;
			const met: FaultAction[] = [];
			for (const entry of armed) {
				const { on, do: action } = entry.fault;
				if (on.kind !== "any" && on.kind !== kind) continue;
				if (on.cluster !== undefined && on.cluster !== cluster) continue;
				entry.seen += 1;
				if (entry.seen < on.nth) continue;
				const last = on.times === "always" ? Number.POSITIVE_INFINITY : on.nth + on.times - 1;
				if (entry.seen > last) continue;
				entry.fired += 1;
				met.push(action);
				if (entry.seen === last) armed.delete(entry);
			}
			return met;
		},
	};
}
