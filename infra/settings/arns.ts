import * as v from "valibot";
import type { InputFault } from "../../lambda/domain/errors.ts";

/** What is deployed to, as far as it is known before the deploy. */
export interface Deployment {
	/** Twelve digits. */
	readonly account?: string;
	readonly region?: string;
}

export interface GivenArn {
	/** JSON Pointer of the setting. */
	readonly pointer: string;
	readonly arn: unknown;
	/** Another account may share it, as it may a key. */
	readonly mayBeShared?: boolean;
}

interface ArnParts {
	readonly partition: string;
	readonly region: string;
	readonly account: string;
}

const REGION = "[a-z]{2,4}(?:-[a-z]+)+-\\d{1,2}";

/** Kinds of ARN that settings hold: what the resource part looks like, and what to call one. */
const KINDS = {
	bus: { service: "events", resource: "event-bus/[/.\\-_A-Za-z0-9]{1,256}", what: "an event bus of EventBridge" },
	topic: { service: "sns", resource: "[A-Za-z0-9_-]{1,256}", what: "a standard topic of SNS" },
	secret: {
		service: "secretsmanager",
		resource: "secret:[A-Za-z0-9/_+=.@-]{1,512}",
		what: "a secret of Secrets Manager",
	},
	key: {
		service: "kms",
		resource: "key/(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32})",
		what: "a key of KMS, not an alias",
	},
} as const;

/**
 * A complete ARN of one kind. A topic must be a standard one: a FIFO topic wants a message group, which neither a
 * CloudWatch alarm nor an EventBridge rule gives.
 *
 * @see AWS General Reference, "Amazon Resource Names (ARNs)"; Service Authorization Reference, the services' resource types
 */
export function arnOf(kind: keyof typeof KINDS) {
	const { service, resource, what } = KINDS[kind];
	const form = new RegExp(`^arn:aws(?:-[a-z]+)*:${service}:${REGION}:\\d{12}:${resource}$`);
	return v.pipe(
		v.string("must be a string"),
		v.regex(new RegExp(`^arn:[\\w-]+:${service}:`), `must be an ARN of ${service}`),
		v.regex(form, `must be the whole ARN of ${what}: arn:aws:${service}:<region>:<account>:…`),
	);
}

/** Where ARNs are deployed, by the environment of the CDK's command line. Without a region given, that says us-east-1. */
export function deploymentOf(env: Readonly<Record<string, string | undefined>>): Deployment {
	const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: cdkRegion } = env;
	const isKnown = Boolean(account) || cdkRegion !== "us-east-1";
	return {
		account: account || undefined,
		region: env["AWS_REGION"] || env["AWS_DEFAULT_REGION"] || (isKnown && cdkRegion) || undefined,
	};
}

/**
 * Whatever the stack uses by its ARN lies in its own account and region: CloudWatch alarms and EventBridge rules act
 * there, and Secrets Manager and KMS are called there. Where those are not known yet, the ARNs are held against the
 * first of them.
 *
 * @param given settings that hold ARNs; what is no ARN is passed over
 */
export function foreignArns(given: readonly GivenArn[], to: Deployment): InputFault[] {
	const arns = given.flatMap(({ arn, ...rest }) => {
		const parts = partsOf(arn);
		return parts ? [{ ...rest, ...parts }] : [];
	});
	const [first] = arns;
	if (!first) return [];
	const name = first.pointer.slice(1).replaceAll("/", ".");
	const own = { partition: first.partition, account: to.account ?? first.account, region: to.region ?? first.region };
	return arns.flatMap(({ pointer, mayBeShared, partition, account, region }) => {
		const fault = (wrong: boolean, what: string, known: boolean) =>
			wrong ? [{ pointer, detail: `must be of the ${what} ${known ? "that is deployed to" : `of ${name}`}` }] : [];
		return [
			...fault(partition !== own.partition, "partition", false),
			...fault(account !== own.account && mayBeShared !== true, "account", to.account !== undefined),
			...fault(region !== own.region, "region", to.region !== undefined),
		];
	});
}

/** Whether an ARN is another account's, as far as that is known. */
export const isOfAnotherAccount = (arn: string | undefined, { account }: Deployment): boolean =>
	arn !== undefined && account !== undefined && partsOf(arn)?.account !== account;

/** Whether two ARNs may be of one secret: with and without the six characters at the end, it has two. */
export function mayBeOneSecret(one: unknown, other: unknown): boolean {
	if (typeof one !== "string" || typeof other !== "string") return false;
	const isCompletion = (longer: string, shorter: string) =>
		longer.startsWith(`${shorter}-`) && /^[A-Za-z0-9]{6}$/.test(longer.slice(shorter.length + 1));
	return one === other || isCompletion(one, other) || isCompletion(other, one);
}

function partsOf(arn: unknown): ArnParts | undefined {
	const read = typeof arn === "string" ? /^arn:([a-z-]+):[a-z-]+:([a-z0-9-]+):(\d{12}):./.exec(arn) : null;
	if (!read) return undefined;
	const [, partition = "", region = "", account = ""] = read;
	return { partition, region, account };
}
