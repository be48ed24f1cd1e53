import { type Duration, RemovalPolicy } from "aws-cdk-lib";
import type { ISecurityGroup, IVpc } from "aws-cdk-lib/aws-ec2";
import type { EventPattern, IEventBus } from "aws-cdk-lib/aws-events";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { RetentionDays } from "aws-cdk-lib/aws-logs";
import type { ISecret } from "aws-cdk-lib/aws-secretsmanager";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import type { RequestLimitsInput } from "../../lambda/domain/limits.ts";
import type { SnapshotRequest } from "../../lambda/domain/request.ts";

/**
 * What holds data outlives the stack. What a deploy made that is then rolled back holds none and is deleted: it would
 * cost money, or have a name that the next deploy needs.
 *
 * @see CloudFormation user guide, "DeletionPolicy attribute", RetainExceptOnCreate
 */
export const KEPT = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;

/** Named clusters up to which each has an alarm of its own; each costs an alarm and a metric. */
export const PER_CLUSTER_ALARMS = 50;

/** A request as people write it: what has a default may be left out. */
type RequestInput = Partial<SnapshotRequest> & Pick<SnapshotRequest, "clusters">;

export interface ScheduleProps {
	/** Letters, digits and hyphens, a letter first; once among the schedules, in whatever case. */
	readonly name: string;
	/** `cron(minutes hours day-of-month month day-of-week year)` or `rate(value unit)`. */
	readonly expression: string;
	/** IANA name. @default "Etc/UTC" */
	readonly timeZone?: string;
	/** The firing may come so much later than the expression says. @default none: on time */
	readonly flexibleWindow?: Duration;
	/**
	 * From one snapshot to the next. A cluster whose newest completed one is older, and the grace, raises an alarm.
	 * @default the longest time between two firings, changes of the clocks included
	 */
	readonly expectedEvery?: Duration;
	/** What a late start and the snapshot itself may take. @default flexible window + the request's deadline + 15 minutes */
	readonly grace?: Duration;
	readonly request: RequestInput;
}

/** Starts the request in an event's `detail`, or, where a cron or rate expression fires, the default request. */
export type EventRuleProps = {
	/** Letters, digits and hyphens, a letter first; once among the rules, in whatever case. */
	readonly name: string;
} & (
	| {
			readonly pattern: EventPattern;
			/** @default the account's default bus */
			readonly bus?: IEventBus;
	  }
	| { /** As of a schedule, in UTC. Needs `defaultRequest`. */ readonly expression: string }
);

export interface HttpProps {
	/**
	 * Opens `POST /hooks/snapshots` to callers without an AWS identity who sign as Standard Webhooks has it: the secret
	 * with the keys, or `true` for a new one. @default false
	 */
	readonly signedHook?: boolean | ISecret;
	/**
	 * Requests a second, and requests at once, of each route over all its callers. What anyone may call (hooks; the index
	 * and unknown paths together) gets a fifth and half of them, at least 1. @default 5 and 10
	 */
	readonly throttle?: { readonly ratePerSecond: number; readonly burst: number };
	/** One line a request, without headers and bodies. @default true */
	readonly accessLog?: boolean;
}

/** A secret of the kind that AWS itself rotates. */
export interface RotatedSecretProps {
	/** Holds the service account that may renew the other one's secret. */
	readonly adminSecret: ISecret;
	/** Whole days. @default 30 days */
	readonly every?: Duration;
}

/** Folder of each function's code, absolute; the handler is `index.handler`. */
export interface Bundles {
	readonly snapshot: string;
	readonly trigger: string;
	readonly freshness: string;
}

export interface AtlasSnapshotsProps {
	/** The functions' code. @default that which the package `atlas-snapshots` brings; from source it must be given */
	readonly bundles?: Bundles;
	/** The Atlas keys. @default a new secret with a placeholder, to be filled by hand */
	readonly secret?: ISecret | RotatedSecretProps;
	/** Encrypts the new secret. A secret of yours brings its key itself. @default AWS's own key, `aws/secretsmanager` */
	readonly secretKey?: IKey;
	/** The same for the new secret with the keys of signed hooks. */
	readonly hookSecretKey?: IKey;
	/** Where Atlas is. @default https://cloud.mongodb.com */
	readonly atlasBaseUrl?: string;
	/** @default none */
	readonly schedules?: readonly ScheduleProps[];
	/** @default none */
	readonly eventRules?: readonly EventRuleProps[];
	/** What an event rule with an expression carries out. @default none */
	readonly defaultRequest?: RequestInput;
	/** `false`: no HTTP API. @default an API for callers with an AWS identity */
	readonly http?: HttpProps | false;
	/** What hooks, HTTP callers and events may ask for; schedules have no limits. @default those of docs/http.md */
	readonly limits?: RequestLimitsInput;
	/** Where outcomes are published. @default a new bus */
	readonly bus?: IEventBus;
	/**
	 * Receives every alarm and every target that did not complete. A topic of yours must let `cloudwatch.amazonaws.com`
	 * and `events.amazonaws.com` publish. @default a new topic
	 */
	readonly alarmTopic?: ITopic;
	/** Subscribed to the new topic; it must confirm once. @default nobody */
	readonly alarmEmail?: string;
	/** Of the functions' logs and of the access log. @default 30 days */
	readonly logRetention?: RetentionDays;
	/** Subnets with a way out (NAT) for the functions that call Atlas. @default none: Lambda's own addresses */
	readonly vpc?: IVpc;
	/** @default a new group that lets nothing in and only HTTPS out */
	readonly securityGroup?: ISecurityGroup;
	/** Megabytes, of each function; processor time grows with it. @default 512 */
	readonly memory?: number;
	/** Of the durable function. Each of its wake-ups lasts seconds; a run asleep takes none. @default unreserved */
	readonly reservedConcurrency?: number;
	/** Of what holds data: secrets, queues, logs. @default RETAIN_ON_UPDATE_OR_DELETE */
	readonly removalPolicy?: RemovalPolicy;
	/**
	 * Up to so many clusters that schedules name, each has an alarm of its own. Beyond it one alarm covers all, and the
	 * number of alarms and metrics does not grow with the fleet. 0 for none. @default 50
	 */
	readonly perClusterAlarms?: number;
	/**
	 * Requested after each check of the freshness function, with `/fail` appended to its path where a cluster is not
	 * fresh. Without requests it reports from outside that account, schedule or function do not work. @default none
	 */
	readonly heartbeatUrl?: string;
	/** The texts of alarms link to sections of this page. @default docs/runbook.md in this package's repository */
	readonly runbookUrl?: string;
}
