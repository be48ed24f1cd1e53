import * as v from "valibot";
import { REQUEST_KINDS } from "./operation.ts";
import type { ApiRequest } from "./request.ts";

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));
const When = v.picklist(["before", "after"]);

/** What is done to a request. `before` and `after` are those of the operation's execution. */
const Action = v.variant("type", [
	/** The socket is destroyed without a reply. */
	v.strictObject({ type: v.literal("drop"), when: When }),
	v.strictObject({ type: v.literal("delay"), ms: Count, when: v.optional(When, "before") }),
	/** Executed; the reply ends after so many bytes of its body, though `Content-Length` says otherwise. */
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
	/** The request arrives twice; the client reads the first reply, or the second. */
	v.strictObject({ type: v.literal("repeat"), answer: v.optional(v.picklist(["first", "second"]), "first") }),
	/** Executed; the body is not JSON, though its type says so. */
	v.strictObject({ type: v.literal("garbage") }),
	/** Executed; another body in place of the reply's. */
	v.strictObject({ type: v.literal("body"), value: v.string() }),
	/** Executed; the text is in every text field of the body, in a field of that name, and in headers. */
	v.strictObject({ type: v.literal("echo"), value: v.string() }),
	/** Executed; after so many interim replies (103), which end only with the connection where none is given. */
	v.strictObject({ type: v.literal("interim"), times: v.optional(Count) }),
	/** Executed; the reply begins and never ends, a byte now and then. */
	v.strictObject({ type: v.literal("trickle") }),
	/** Executed; the body has one more field: nested so deep, or so many bytes long. */
	v.strictObject({ type: v.literal("grow"), depth: v.optional(Count, 0), bytes: v.optional(Count, 0) }),
	/** Executed; another content type. */
	v.strictObject({ type: v.literal("contentType"), value: v.string() }),
]);
export type FaultAction = v.InferOutput<typeof Action>;

/** A fault, as given in code or over `/_control/faults`. */
export const Fault = v.strictObject({
	on: v.strictObject({
		kind: v.picklist(["any", ...REQUEST_KINDS]),
		/** Only requests whose path names this cluster. */
		cluster: v.optional(v.string()),
		/** The first matching request that it applies to, from 1, counted from when the fault was added. */
		nth: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1),
		/** How many matching requests in a row it applies to. */
		times: v.optional(v.union([v.pipe(v.number(), v.minValue(1)), v.literal("always")]), 1),
	}),
	do: Action,
});
export type Fault = v.InferInput<typeof Fault>;

/** A fault that was added. */
interface ActiveFault {
	/** Requests that it was applied to. */
	readonly fired: number;
	remove(): void;
}

export interface FaultPlan {
	/** @throws ValiError where the fault is malformed */
	add(fault: Fault): ActiveFault;
	clear(): void;
	/** The actions for this request, which is counted for every fault that matches it. */
	actionsFor(kind: string, cluster: string | undefined, request?: ApiRequest): readonly FaultAction[];
}

export function createFaultPlan(): FaultPlan {
	const active = new Set<{ readonly fault: v.InferOutput<typeof Fault>; seen: number; fired: number }>();
	return {
		add(input) {
			const entry = { fault: v.parse(Fault, input), seen: 0, fired: 0 };
			active.add(entry);
			return {
				get fired() {
					return entry.fired;
				},
				remove: () => void active.delete(entry),
			};
		},
		clear: () => active.clear(),
		actionsFor(kind, cluster) {
			const actions: FaultAction[] = [];
			for (const entry of active) {
				const { on, do: action } = entry.fault;
				if (on.kind !== "any" && on.kind !== kind) continue;
				if (on.cluster !== undefined && on.cluster !== cluster) continue;
				entry.seen += 1;
				if (entry.seen < on.nth) continue;
				entry.fired += 1;
				actions.push(action);
				if (on.times !== "always" && entry.fired + 1 > on.times) active.delete(entry);
			}
			return actions;
		},
	};
}
