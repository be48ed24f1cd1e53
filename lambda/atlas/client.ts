import { setTimeout as pause } from "node:timers/promises";
import { authenticate, type ReadSecret } from "./auth/authenticate.ts";
import { createKnownSecrets, rememberAuthorization, rememberKeys } from "./layers/known-secrets.ts";
import { type ObservedRequest, observeRequests } from "./layers/observe.ts";
import { openEnvelopes } from "./layers/open-envelopes.ts";
import { limitRate } from "./layers/rate-limit.ts";
import { retryReads } from "./layers/repeat-reads.ts";
import type { Layer } from "./request.ts";
import { createProjects, type Projects } from "./resources/projects.ts";
import { createJsonRequests, DEFAULT_MEDIA_TYPE } from "./resources/requests.ts";
import { createSnapshots, type Snapshots } from "./resources/snapshots.ts";
import { createTransport, TIMEOUTS, type Timeouts } from "./transport.ts";

export type { ObservedRequest } from "./layers/observe.ts";

export interface AtlasClientOptions {
	/** Origin of Atlas, `https://cloud.mongodb.com`. */
	readonly baseUrl: string;
	readonly readSecret: ReadSecret;
	/** @default application/vnd.atlas.2025-03-12+json */
	readonly mediaType?: string | undefined;
	/** Request enveloped replies; they are read in any case. @default false */
	readonly envelope?: boolean;
	/** Request indented replies. @default false */
	readonly pretty?: boolean;
	/** Epoch milliseconds. @default Date.now */
	readonly now?: () => number;
	/** Resolves after so many milliseconds, at most 3,000 at a time. @default a timer */
	readonly wait?: (milliseconds: number) => Promise<void>;
	/** Milliseconds. @default 5 s to connect, 20 s each for head and body */
	readonly timeouts?: Timeouts;
	/** Called for every request that was sent. Must not throw. */
	readonly onReply?: (observed: ObservedRequest) => void;
}

/** The parts of the Atlas Administration API that snapshots need. Every function rejects with an `AtlasError`. */
export interface Atlas extends Snapshots, Projects {
	/** Closes the sockets once they are idle. */
	readonly close: () => Promise<void>;
}

/** Connects the layers. The rate limit is inside authentication, so that it applies to challenges and tokens as well. */
export function createAtlas(options: AtlasClientOptions): Atlas {
	const { baseUrl, readSecret, now = Date.now, wait = (milliseconds) => pause(milliseconds) } = options;
	const { mediaType = DEFAULT_MEDIA_TYPE, envelope = false, pretty = false, onReply = () => {} } = options;
	const known = createKnownSecrets();
	const { send, close } = createTransport(baseUrl, options.timeouts ?? TIMEOUTS, now);
	// From the innermost layer outwards.
	const layers: readonly Layer[] = [
		rememberAuthorization(known),
		observeRequests(onReply, now),
		openEnvelopes,
		limitRate(now, wait),
		authenticate(rememberKeys(known, readSecret), now),
		retryReads,
	];
	const sendThrough = layers.reduce((next, layer) => layer(next), send);
	const requests = createJsonRequests(sendThrough, { mediaType, envelope, pretty }, now);
	return {
		...createSnapshots(requests, known),
		...createProjects(requests, known),
		close,
	};
}
