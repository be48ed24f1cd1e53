import { setTimeout as pause } from "node:timers/promises";
import { authenticate, type ReadSecret, schemeOf } from "./auth/index.ts";
import { type Clusters, createClusters } from "./clusters.ts";
import { type CompliancePolicies, createCompliancePolicies } from "./compliance-policy.ts";
import { openEnvelopes } from "./envelope.ts";
import { type Exchange, tellOf } from "./exchange.ts";
import { createKnownSecrets } from "./known-secrets.ts";
import { learnAuthorization, learnKeys } from "./learn-secrets.ts";
import { createProjects, type Projects } from "./projects.ts";
import { keepToBudget } from "./rate-budget.ts";
import { repeatReads } from "./repeat-reads.ts";
import { createRequests, DEFAULT_MEDIA_TYPE } from "./requests.ts";
import { createSnapshots, type Snapshots } from "./snapshots.ts";
import { createTransport, TIMEOUTS, type Timeouts } from "./transport.ts";

export type { Exchange } from "./exchange.ts";

export interface AtlasClientOptions {
	/** Origin of Atlas, `https://cloud.mongodb.com`. */
	readonly baseUrl: string;
	readonly readSecret: ReadSecret;
	/** @default application/vnd.atlas.2025-03-12+json */
	readonly mediaType?: string;
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
	readonly onReply?: (exchange: Exchange) => void;
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
	const paced = keepToBudget(now, wait)(openEnvelopes(tellOf(onReply, now)(learnAuthorization(known)(transport.send))));
	const send = repeatReads(
		authenticate(learnKeys(known, readSecret), (credentials) => schemeOf(credentials, now))(paced),
	);
	const requests = createRequests(send, { mediaType, envelope, pretty }, now);
	return {
		...createSnapshots(requests, known),
		...createClusters(requests, known),
		...createProjects(requests),
		...createCompliancePolicies(requests),
		close: transport.close,
	};
}
