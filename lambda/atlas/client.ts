import { setTimeout as pause } from "node:timers/promises";
import { authenticate, type ReadSecret, schemeOf } from "./auth/authenticate.ts";
import { createKnownSecrets, rememberAuthorization, rememberKeys } from "./layers/known-secrets.ts";
import { type ObservedRequest, observeRequests } from "./layers/observe.ts";
import { openEnvelopes } from "./layers/open-envelopes.ts";
import { limitRate } from "./layers/rate-limit.ts";
import { retryReads } from "./layers/repeat-reads.ts";
import {
	type Clusters,
	type CompliancePolicies,
	createClusters,
	createCompliancePolicies,
	createProjects,
	type Projects,
} from "./resources/projects.ts";
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
	/** Ask for enveloped replies; they are read in any case. @default false */
	readonly envelope?: boolean;
	/** Ask for indented replies. @default false */
	readonly pretty?: boolean;
	/** Epoch milliseconds. @default Date.now */
	readonly now?: () => number;
	/** Resolves after so many milliseconds, at most 3,000 at a time. @default a timer */
	readonly wait?: (milliseconds: number) => Promise<void>;
	/** Milliseconds. @default 5 s to connect, 20 s each for head and body */
	readonly timeouts?: Timeouts;
	/** Told of every request that left, for logs and metrics. Must not throw. */
	readonly onReply?: (exchange: ObservedRequest) => void;
}

/** The Atlas Administration API, as far as snapshots need it. Every function rejects with an `AtlasError`. */
export interface Atlas extends Snapshots, Clusters, Projects, CompliancePolicies {
	/** Closes the sockets once they are idle. */
	readonly close: () => Promise<void>;
}

/**
 * Connects the layers, from the socket outwards: transport, telling, envelopes, rate budget, authentication, repetition,
 * judgement.
 * The budget lies within authentication, so that challenges and tokens keep to it as well.
 */
export function createAtlas(options: AtlasClientOptions): Atlas {
	const { baseUrl, readSecret, now = Date.now, wait = (milliseconds) => pause(milliseconds) } = options;
	const { mediaType = DEFAULT_MEDIA_TYPE, envelope = false, pretty = false, onReply = () => {} } = options;
	const known = createKnownSecrets();
	const transport = createTransport(baseUrl, options.timeouts ?? TIMEOUTS, now);
	const paced = limitRate(
		now,
		wait,
	)(openEnvelopes(observeRequests(onReply, now)(rememberAuthorization(known)(transport.send))));
	const send = retryReads(
		authenticate(rememberKeys(known, readSecret), (credentials) => schemeOf(credentials, now))(paced),
	);
	const requests = createJsonRequests(send, { mediaType, envelope, pretty }, now);
	return {
		...createSnapshots(requests, known),
		...createClusters(requests, known),
		...createProjects(requests),
		...createCompliancePolicies(requests),
		close: transport.close,
	};
}
