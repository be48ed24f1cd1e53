/** Where the stand-ins are, in AWS's terms. The account is the one of AWS's own examples. */
export const REGION = "us-east-1";
export const ACCOUNT = "123456789012";

const FUNCTION = `arn:aws:lambda:${REGION}:${ACCOUNT}:function:snapshot`;

/** The durable function's alias, as it is invoked. */
export const FUNCTION_ARN = `${FUNCTION}:live`;

/** The version behind the alias, which an execution is pinned to. */
export const VERSION_ARN = `${FUNCTION}:1`;

/** Whether a function's name or ARN, with the `Qualifier` of the query if there is one, is the durable function. */
export function isOurFunction(name: string, qualifier: string | null): boolean {
	const bare = name.replace(/^arn:aws:lambda:[^:]+:\d{12}:function:/, "");
	const [id, inName] = bare.split(":");
	const version = inName ?? qualifier;
	return id === "snapshot" && (version === null || version === "live" || version === "1");
}

/** Durable functions are invoked by a version or an alias, never by their bare name. */
export const isQualified = (name: string, qualifier: string | null): boolean =>
	qualifier !== null || /(?:^|:function:)[\w-]+:[\w$-]+$/.test(name);
