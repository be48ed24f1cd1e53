import type { RequestKind } from "../atlas/api/operation.ts";
import type { Fault as AtlasFault } from "../atlas/index.ts";
import type { AwsFault } from "../aws/server.ts";
import type { ConnectFault } from "./connections.ts";

/** How a snapshot of a cluster goes. */
export interface Course {
	readonly seconds: number;
	readonly ending: "completed" | "failed" | "vanished";
	readonly unknownStatus?: string;
}

export type ClusterState = "ready" | "paused" | "tenant" | "backup off" | "missing";

/** When a trouble begins and how long it lasts. Times are seconds. */
export interface Span {
	/** The first request that it can meet: the nth from 1, or the first after so many seconds of the run. */
	readonly from: { readonly nth: number } | { readonly second: number };
	/** So many requests, or so long from the first one. */
	readonly lasts: { readonly times: number } | { readonly seconds: number };
}

/** What the simulated Atlas does to some requests. */
export interface AtlasTrouble extends Span {
	/** Requests of these kinds; none stands for all. */
	readonly kinds: readonly RequestKind[];
	readonly action: AtlasFault["do"] | OtherSnapshot | SecretEcho | LateDrop;
	/** What the first of them meets instead. */
	readonly first?: AtlasFault["do"];
}

/** A poll is answered with the snapshot of another cluster, which is completed. */
interface OtherSnapshot {
	readonly type: "other snapshot";
}

/** The keys, or the token, stand in every field of the reply to what was carried out. */
interface SecretEcho {
	readonly type: "echo of a secret";
}

/** Carried out; so many milliseconds later the connection breaks, and no reply came. */
interface LateDrop {
	readonly type: "late drop";
	readonly ms: number;
}

export type AwsOperation =
	| "GetSecretValue"
	| "PutEvents"
	| "Invoke"
	| "Checkpoint"
	| "ListDurableExecutionsByFunction"
	| "GetDurableExecution"
	| "GetDurableExecutionHistory";

/** What an AWS service does to some calls of one operation. The SDK's own retries count. */
export interface AwsTrouble extends Span {
	readonly operation: AwsOperation;
	readonly fault: AwsFault;
}

/** What a process meets when it connects to Atlas. */
export interface ConnectTrouble extends Span {
	readonly fault: ConnectFault;
}

/** Where a process is struck. */
type StrikePoint =
	/** At a checkpoint: before the engine has it, or after, so that only the reply is lost. */
	| { readonly at: "checkpoint"; readonly nth: number; readonly when: "before" | "after" }
	/** With a request of this kind on the wire, which Atlas carries out or never gets. */
	| { readonly at: "request"; readonly kind: RequestKind; readonly nth: number; readonly carriedOut: boolean }
	/** While a socket connects. */
	| { readonly at: "connect"; readonly nth: number };

/** An invocation breaks off: the platform begins another one with what the engine has. */
export interface Strike {
	readonly point: StrikePoint;
	/**
	 * What becomes of the process: it is dead, it goes on though nobody listens to it any more, or it is frozen and
	 * thaws so many seconds later.
	 */
	readonly process: "dies" | "goes on" | { readonly thawsAfter: number };
	/** Seconds until the next invocation. */
	readonly pause: number;
}

/** Another's snapshot, or one of the past. */
export interface Other extends Omit<Course, "unknownStatus"> {
	/** Which cluster of the run; counted modulo their number. */
	readonly cluster: number;
	/** 0: it is there before the run; else it is asked for just before this Atlas request of the run. */
	readonly beforeRequest: number;
	/** Seconds that it is old when the run begins; only where `beforeRequest` is 0. */
	readonly age: number;
	readonly snapshotType: "onDemand" | "scheduled" | "fallback";
	/** Whose marker its description ends with. */
	readonly marker: "none" | "this run" | "another run";
}

/** How the trigger reaches the trigger function. */
type Delivery =
	| "once"
	/** Twice at the same time. */
	| "twice"
	/** Twice at the same time, and once more after the run has ended. */
	| "three times"
	/** Twice, the second time after so long that the run has ended and AWS may have forgotten its name's first start. */
	| "hours apart"
	/** Two firings at the same time: two runs of ours on the same clusters. */
	| "two at once"
	/** Two callers at the same time, who chose the same key: two runs, neither of which knows of the other. */
	| "same key of two callers"
	/** A second firing before the first, and then both again. */
	| "out of order"
	/** Once more under the same key, but with another request. */
	| "other request";

/** What a request asks for. */
interface Wanted {
	/** Whether it names the clusters, or finds them. */
	readonly selection: "named" | "all" | "tags";
	readonly onConflict: "join" | "wait" | "skip" | "fail";
	readonly minimumAgeMinutes: number | null;
	readonly deadlineMinutes: number;
}

/** Atlas, as far as it may differ. */
export interface AtlasSettings {
	readonly conflictStatus: 400 | 409;
	readonly listOrder: "oldestFirst" | "newestFirst";
	readonly listDelaySeconds: number;
	readonly rateLimitHeaders: boolean;
	/** Tokens of a project's bucket for snapshots, refilled by half every minute. */
	readonly bucket: number;
	readonly tokenSeconds: number;
	readonly nonceSeconds: number;
}

/** Everything that a run of the campaign meets. */
export interface Plan {
	readonly trigger: "schedule" | "event" | "http" | "hook";
	readonly delivery: Delivery;
	/** What the request asks for against the limits of its caller; a schedule has none. */
	readonly beyondLimits: "nothing" | "retention" | "cluster" | "all projects";
	readonly auth: "digest" | "oauth";
	readonly clusters: readonly {
		readonly kind: "replicaSet" | "sharded";
		readonly course: Course;
		readonly state: ClusterState;
	}[];
	readonly wanted: Wanted;
	readonly settings: AtlasSettings;
	readonly others: readonly Other[];
	readonly atlas: readonly AtlasTrouble[];
	readonly aws: readonly AwsTrouble[];
	readonly connects: readonly ConnectTrouble[];
	readonly strikes: readonly Strike[];
	/** Invocations that begin so many seconds late. */
	readonly lateInvocations: readonly { readonly nth: number; readonly seconds: number }[];
	/**
	 * The function's clock is wrong by so many seconds: always, in invocations that begin after the first POST, in every
	 * second one, so that it jumps there and back, or within the second one, from its first request to Atlas on.
	 */
	readonly skew: {
		readonly from: "start" | "first take" | "every other invocation" | "within the second invocation";
		readonly seconds: number;
	} | null;
	/** The keys are rotated just before this Atlas request of the run. */
	readonly rotateBefore: number | null;
}
