import type { Scheme } from "./authenticate.ts";
import type { RequestKind } from "./operation.ts";

/** A request that came in, other than those to `/_control`. */
export interface RequestRecord {
	readonly method: string;
	readonly path: string;
	/** Without the question mark. */
	readonly query: string;
	/** As sent; null while it is under way and where the connection was dropped or the reply was cut. */
	status: number | null;
	/** As faults see it: `challenge` is any request of an operation without credentials. */
	readonly kind: RequestKind;
	/** What was wanted, with or without credentials. */
	readonly operation: RequestKind;
	readonly cluster: string | null;
	readonly scheme: Scheme;
	/** Epoch milliseconds of the state's clock. */
	readonly at: number;
	/** Epoch milliseconds at which the reply was sent; null while there is none. */
	endedAt: number | null;
	/** Seconds that the reply asks to wait. */
	retryAfter: number | null;
	/** The client's port: it tells sockets apart. */
	readonly port: number;
	/** Whether the operation was carried out, whatever the client got to see. */
	executed: boolean;
}
