/** What goes wrong with one call. */
export type AwsFault =
	/** The service answers with an error and does nothing. */
	| { readonly do: "fail"; readonly status: number; readonly code: string; readonly message?: string }
	/** The connection breaks: before the call is carried out, or after, so that only the reply is lost. */
	| { readonly do: "drop"; readonly when: "before" | "after" }
	| { readonly do: "delay"; readonly milliseconds: number }
	/** The connection is accepted, and no reply ever comes. */
	| { readonly do: "hang" }
	/** PutEvents only: so many of its entries, the first ones, are refused while the call itself succeeds. */
	| { readonly do: "refuse-entries"; readonly count: number; readonly code: string };

/** A call as faults are chosen by. */
interface ServiceCall {
	/** As the service names it: `GetSecretValue`, `PutEvents`, `Invoke`. */
	readonly operation: string;
	/** From 1, counted per operation; the SDK's own retries count. */
	readonly nth: number;
}

/** Asked once for each call. */
export type AwsFaults = (call: ServiceCall) => AwsFault | undefined;

/** Counts the calls of each operation and asks for their faults. */
export function countCalls(faults: AwsFaults): (operation: string) => AwsFault | undefined {
	const counts = new Map<string, number>();
	return (operation) => {
		const nth = (counts.get(operation) ?? 0) + 1;
		counts.set(operation, nth);
		return faults({ operation, nth });
	};
}
