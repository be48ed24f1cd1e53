import { createHash } from "node:crypto";
import { ACCOUNT, REGION } from "../variants.ts";

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

interface Resource {
	readonly Type: string;
	// biome-ignore lint/suspicious/noExplicitAny: what a resource holds, its schema says
	readonly Properties: any;
	readonly DeletionPolicy?: string;
}

export interface Template {
	readonly Resources: Readonly<Record<string, Resource>>;
}

/**
 * A template with values in place of `Ref`, `Fn::GetAtt` and the other functions, as CloudFormation would put them once
 * the resources are there: so that patterns, policies and dashboards can be held against what AWS would see.
 *
 * @param stackName of the stack
 */
export function resolve(template: object, stackName: string): Template {
	const resources = (template as { readonly Resources: Readonly<Record<string, Resource>> }).Resources;
	const resolver = new Resolver(resources, stackName);
	return {
		Resources: Object.fromEntries(
			Object.entries(resources).map(([id, resource]) => [
				id,
				{ ...resource, Properties: resolver.value((resource.Properties ?? {}) as Json) },
			]),
		),
	};
}

/** Services and kinds of resource in ARNs. @see Service Authorization Reference, the services' resource types */
const ARN_KINDS: Readonly<Record<string, readonly [service: string, prefix: string]>> = {
	"AWS::Lambda::Function": ["lambda", "function:"],
	"AWS::SQS::Queue": ["sqs", ""],
	"AWS::SNS::Topic": ["sns", ""],
	"AWS::Logs::LogGroup": ["logs", "log-group:"],
	"AWS::Events::EventBus": ["events", "event-bus/"],
	"AWS::Events::Rule": ["events", "rule/"],
	"AWS::Scheduler::ScheduleGroup": ["scheduler", "schedule-group/"],
	"AWS::CloudWatch::Alarm": ["cloudwatch", "alarm:"],
	"AWS::SecretsManager::Secret": ["secretsmanager", "secret:"],
};

/** Properties by which a resource may be given its name. */
const NAMES = ["Name", "LogGroupName", "RoleName", "FunctionName", "TopicName", "QueueName", "AlarmName"];

const PREFIXES: Readonly<Record<string, string>> = {
	"AWS::EC2::VPC": "vpc-",
	"AWS::EC2::Subnet": "subnet-",
	"AWS::EC2::SecurityGroup": "sg-",
	"AWS::EC2::EIP": "eipalloc-",
	"AWS::ApiGatewayV2::Api": "",
};

class Resolver {
	readonly #resources: Readonly<Record<string, Resource>>;
	readonly #stackName: string;

	constructor(resources: Readonly<Record<string, Resource>>, stackName: string) {
		this.#resources = resources;
		this.#stackName = stackName;
	}

	value(json: Json): Json {
		if (typeof json !== "object" || json === null) return json;
		if (Array.isArray(json)) return json.map((item: Json) => this.value(item)).filter((item) => item !== NOTHING);
		const [[key, argument] = ["", null], ...more] = Object.entries(json);
		if (more.length === 0 && (key === "Ref" || key.startsWith("Fn::"))) return this.#call(key, argument);
		return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, this.value(value)]));
	}

	#call(name: string, argument: Json): Json {
		if (name === "Ref") return this.#ref(toText(argument));
		const values = Array.isArray(argument) ? (argument as readonly Json[]).map((item) => this.value(item)) : [];
		switch (name) {
			case "Fn::GetAtt":
				return this.#attribute(toText(values[0]), toText(values[1]));
			case "Fn::Join":
				return [values[1] ?? ""].flat().map(toText).join(toText(values[0]));
			case "Fn::Split":
				return toText(values[1]).split(toText(values[0]));
			case "Fn::Select":
				return (values[1] as readonly Json[])[Number(values[0])] ?? "";
			case "Fn::Sub":
				return toText(argument).replace(/\$\{([^!}]+)\}/g, (_, reference: string) => {
					const [id = "", attribute] = reference.split(".");
					return toText(attribute === undefined ? this.#ref(id) : this.#attribute(id, attribute));
				});
			case "Fn::GetAZs":
				return [`${REGION}a`, `${REGION}b`, `${REGION}c`];
			default:
				throw new Error(`no resolver for ${name}`);
		}
	}

	#ref(id: string): Json {
		switch (id) {
			case "AWS::AccountId":
				return ACCOUNT;
			case "AWS::Region":
				return REGION;
			case "AWS::Partition":
				return "aws";
			case "AWS::URLSuffix":
				return "amazonaws.com";
			case "AWS::StackName":
				return this.#stackName;
			case "AWS::StackId":
				return `arn:aws:cloudformation:${REGION}:${ACCOUNT}:stack/${this.#stackName}/2f8c3a10-0000-11f0-8000-0a0b0c0d0e0f`;
			case "AWS::NoValue":
				return NOTHING;
			default:
		}
		switch (this.#resources[id]?.Type ?? "") {
			case "AWS::SNS::Topic":
			case "AWS::SecretsManager::Secret":
				return this.#attribute(id, "Arn");
			case "AWS::SQS::Queue":
				return `https://sqs.${REGION}.amazonaws.com/${ACCOUNT}/${this.#name(id)}`;
			case "AWS::Lambda::Version":
				return `${this.#functionOf(id)}:1`;
			case "AWS::Lambda::Alias":
				return `${this.#functionOf(id)}:live`;
			default:
				return this.#name(id);
		}
	}

	#attribute(id: string, attribute: string): Json {
		const type = this.#resources[id]?.Type ?? "";
		if (attribute === "Version") return "1";
		if (attribute === "PublicIp") return "192.0.2.10";
		if (attribute === "AllocationId" || attribute === "GroupId") return this.#name(id);
		if (!attribute.endsWith("Arn")) return this.#name(id);
		if (type === "AWS::IAM::Role") return `arn:aws:iam::${ACCOUNT}:role/${this.#name(id)}`;
		const [service, prefix] = ARN_KINDS[type] ?? ["service", ""];
		const tail = { "AWS::Logs::LogGroup": ":*", "AWS::SecretsManager::Secret": "-Xy12Ab" }[type] ?? "";
		return `arn:aws:${service}:${REGION}:${ACCOUNT}:${prefix}${this.#name(id)}${tail}`;
	}

	/** ARN of the function that a version or an alias is of. */
	#functionOf(id: string): string {
		const named = toText(this.value(this.#resources[id]?.Properties["FunctionName"] ?? ""));
		return named.startsWith("arn:") ? named : `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${named}`;
	}

	/** As CloudFormation names what has no name: the stack, the logical id, something unique. */
	#name(id: string): string {
		const { Type: type = "", Properties: properties = {} } = this.#resources[id] ?? {};
		const digest = createHash("sha256").update(`${this.#stackName} ${id}`).digest("hex");
		const prefix = PREFIXES[type];
		if (prefix !== undefined) return `${prefix}${digest.slice(0, 17)}`;
		const given = NAMES.map((name) => properties[name]).find((name) => name !== undefined);
		if (given !== undefined) return toText(this.value(given));
		return `${this.#stackName.slice(0, 24)}-${id.slice(0, 24)}-${digest.slice(0, 12).toUpperCase()}`;
	}
}

/** `AWS::NoValue`: the property is left out. */
const NOTHING = "\u0000no value";

/** @throws Error for what CloudFormation would not put into a text */
function toText(json: Json | undefined): string {
	if (typeof json === "string" || typeof json === "number" || typeof json === "boolean") return String(json);
	throw new Error(`no text: ${JSON.stringify(json)}`);
}
