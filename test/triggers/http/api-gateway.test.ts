import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isGatewayEvent, readGatewayEvent, toGatewayReply } from "../../../lambda/triggers/http/api-gateway.ts";

const v2 = (over: object = {}, context: object = {}) => ({
	version: "2.0",
	routeKey: "POST /snapshots",
	rawPath: "/snapshots",
	headers: { "content-type": "application/json" },
	requestContext: { stage: "$default", requestId: "Abc=", http: { method: "POST", path: "/snapshots" }, ...context },
	body: "{}",
	isBase64Encoded: false,
	...over,
});

const v1 = (over: object = {}, context: object = {}) => ({
	version: "1.0",
	resource: "/snapshots",
	path: "/snapshots",
	httpMethod: "POST",
	headers: { "Content-Type": "application/json" },
	multiValueHeaders: { "Content-Type": ["application/json"] },
	requestContext: { stage: "prod", path: "/prod/snapshots", requestId: "Abc=", ...context },
	body: "{}",
	...over,
});

const read = (event: object) => {
	if (!isGatewayEvent(event)) throw new Error("not a gateway event");
	return readGatewayEvent(event, 0);
};

describe("a request of API Gateway", () => {
	test("is the same in payload 2.0 and 1.0", () => {
		const { prefix, ...modern } = read(v2());
		const { prefix: stage, ...old } = read(v1());

		expect(modern).toEqual(old);
		expect([prefix, stage]).toEqual(["", "/prod"]);
		expect(modern).toMatchObject({ method: "POST", path: "/snapshots", id: "Abc=", body: Buffer.from("{}") });
	});

	test.each([
		["a stage in the path", v2({ rawPath: "/prod/snapshots" }, { stage: "prod" }), "/prod", "/snapshots"],
		[
			"a stage and a catch-all route",
			v2({ routeKey: "$default", rawPath: "/prod/snapshots/r" }, { stage: "prod" }),
			"/prod",
			"/snapshots/r",
		],
		["a base path of a custom domain", v2({ rawPath: "/backups/v1/snapshots" }), "/backups/v1", "/snapshots"],
		[
			"a base path before a parameter",
			v2({ routeKey: "GET /snapshots/{run}", rawPath: "/b/snapshots/r" }),
			"/b",
			"/snapshots/r",
		],
		["a catch-all route", v2({ routeKey: "ANY /{proxy+}", rawPath: "/hooks/snapshots" }), "", "/hooks/snapshots"],
		["no route key", v2({ routeKey: undefined }), "", "/snapshots"],
		["a stage of the same name as a path", v2({ routeKey: "$default" }, { stage: "snapshots" }), "", "/snapshots"],
		["payload 1.0 behind a catch-all", v1({ resource: "/{proxy+}" }), "/prod", "/snapshots"],
		["payload 1.0 on a custom domain", v1({ path: "/b/snapshots" }, { path: "/b/snapshots" }), "/b", "/snapshots"],
	])("has its prefix split off: %s", (_, event, prefix, path) => {
		expect(read(event)).toMatchObject({ prefix, path });
	});

	test("has its header names in lower case, and repeated fields joined", () => {
		const event = v1({ headers: { "X-A": "2", Only: "1" }, multiValueHeaders: { "X-A": ["1", "2"] } });

		expect(read(event).headers).toEqual({ "x-a": "1, 2", only: "1" });
	});

	test("keeps the bytes of the body, encoded or not", () => {
		fc.assert(
			fc.property(fc.uint8Array(), (bytes) => {
				const body = Buffer.from(bytes).toString("base64");
				expect(Buffer.from(read(v2({ body, isBase64Encoded: true })).body)).toEqual(Buffer.from(bytes));
			}),
		);
		expect(read(v2({ body: "ü" })).body).toEqual(Buffer.from("ü"));
		expect(read(v2({ body: null })).body).toEqual(Buffer.alloc(0));
	});

	test.each([
		["a load balancer's, which has no IAM caller", { ...v1(), requestContext: { elb: { targetGroupArn: "x" } } }],
		["a web socket", { ...v1(), requestContext: { connectionId: "x" } }],
		["an authorizer's event", { type: "REQUEST", methodArn: "x", httpMethod: "POST" }],
		["an EventBridge event", { version: "0", id: "1", "detail-type": "x", source: "y", detail: {} }],
		["nothing", null],
	])("is not %s", (_, event) => {
		expect(isGatewayEvent(event)).toBe(false);
	});
});

describe("promise 9: the caller is the one that IAM authenticated", () => {
	const iam = (userArn: unknown) => ({
		authorizer: { iam: { accessKey: "AKIDEXAMPLE", accountId: "123456789012", userArn } },
	});
	const user = "arn:aws:iam::123456789012:user/ops/ci";

	test.each([
		["a user", user, user],
		[
			"a role, without its session",
			"arn:aws:sts::123456789012:assumed-role/deploy/GitHubActions-1",
			"arn:aws:sts::123456789012:assumed-role/deploy",
		],
		[
			"a role of another partition",
			"arn:aws-us-gov:sts::123456789012:assumed-role/deploy/a@b.c",
			"arn:aws-us-gov:sts::123456789012:assumed-role/deploy",
		],
		["the account's root", "arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:root"],
		[
			"a federated user",
			"arn:aws:sts::123456789012:federated-user/bob",
			"arn:aws:sts::123456789012:federated-user/bob",
		],
	])("%s, in either payload version", (_, userArn, arn) => {
		expect(read(v2({}, iam(userArn))).caller).toBe(`iam:${arn}`);
		expect(read(v1({}, { identity: { userArn } })).caller).toBe(`iam:${arn}`);
	});

	test.each([
		["an API without an authorizer", v2()],
		["a REST API without an authorizer", v1({}, { identity: { userArn: null, sourceIp: "192.0.2.1" } })],
		["a function URL without IAM", v2({}, { domainName: "abc.lambda-url.eu-west-1.on.aws" })],
		["a function URL with IAM", v2({}, { ...iam(user), domainName: "abc.lambda-url.eu-west-1.on.aws" })],
		["a function URL in capitals", v2({}, { ...iam(user), domainName: "ABC.LAMBDA-URL.eu-west-1.on.aws" })],
		["a JWT authorizer", v2({}, { authorizer: { jwt: { claims: { sub: "x" }, scopes: null } } })],
		["a Lambda authorizer that calls its context iam", v2({}, { authorizer: { lambda: { iam: { userArn: user } } } })],
		[
			"a REST API's custom authorizer",
			v1({}, { authorizer: { principalId: user, userArn: user, iam: { userArn: user } } }),
		],
		["an identity of the other payload version", v2({}, { identity: { userArn: user } })],
		["an ARN that is none", v2({}, iam("ci"))],
		["an ARN of something else", v2({}, iam("arn:aws:s3:::bucket"))],
		["an ARN with a line break", v2({}, iam(`${user}\nx`))],
		["an ARN that is a list", v2({}, iam([user]))],
		[
			"headers and a body that name one",
			v2({ headers: { authorization: user, userArn: user }, body: JSON.stringify(iam(user)) }),
		],
		["fields beside the context", v2({ ...iam(user), identity: { userArn: user } })],
	])("no caller with %s", (_, event) => {
		expect(read(event).caller).toBeUndefined();
	});
});

test("a reply without a body has an empty one, as both payload versions require", () => {
	expect(toGatewayReply({ status: 304, headers: { etag: '"x"' } })).toEqual({
		statusCode: 304,
		headers: { etag: '"x"' },
		body: "",
		isBase64Encoded: false,
	});
});
