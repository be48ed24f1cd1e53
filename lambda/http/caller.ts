import type { RequestedBy } from "../domain/run.ts";
import { type Fields, fieldsOf, textOf } from "./fields.ts";
import { ProblemError } from "./problem.ts";
import type { HttpRequest } from "./request.ts";

/** A user, a role without its session, the account's root or a federated user. */
const PRINCIPAL = /^arn:[\w-]{1,32}:(?:iam|sts)::\d{12}:[\x21-\x7e]{1,1024}$/;

/**
 * Reads who called, as the IAM authorizer of API Gateway found. Nobody is authenticated by a function URL, by an API
 * without an authorizer, or by one of another kind. A role counts as one caller, whatever its sessions are called.
 *
 * @param context the event's `requestContext`
 * @see API Gateway Developer Guide, "AWS Lambda proxy integrations for HTTP APIs" (`authorizer.iam`), and "Input format of
 * a Lambda function for proxy integration" (`identity`)
 */
export function readCaller(context: Fields, version: unknown): RequestedBy | undefined {
	const authorizer = fieldsOf(context["authorizer"]);
	const identity = version === "2.0" ? fieldsOf(authorizer["iam"]) : fieldsOf(context["identity"]);
	const arn = textOf(identity["userArn"]);
	if (arn === undefined || !PRINCIPAL.test(arn) || isFunctionUrl(context)) return undefined;
	return `iam:${arn.replace(/^(arn:[^:]+:sts::\d+:assumed-role\/[^/]+)\/.*$/, "$1")}`;
}

/** A function URL is a way around the API, with its routes and its throttle. */
const isFunctionUrl = (context: Fields): boolean => /\.lambda-url\./i.test(textOf(context["domainName"]) ?? "");

/** @throws ProblemError `not-allowed` where nobody was authenticated: for nobody nothing is started, and nothing read */
export function callerOf({ caller }: HttpRequest): RequestedBy {
	if (caller !== undefined) return caller;
	const detail = "must come through the HTTP API and be signed by IAM";
	throw new ProblemError("not-allowed", { detail: `the request ${detail}`, errors: [{ pointer: "", detail }] });
}
