import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isGatewayEvent, readGatewayEvent, toGatewayReply } from "../../lambda/http/api-gateway.ts";

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
	test("reads alike in payload 2.0 and 1.0", () => {
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
	])("is freed of what stands before the route: %s", (_, event, prefix, path) => {
		expect(read(event)).toMatchObject({ prefix, path });
	});

	test("has its header names in lower case, and repeated fields joined", () => {
		const event = v1({ headers: { "X-A": "2", Only: "1" }, multiValueHeaders: { "X-A": ["1", "2"] } });

		expect(read(event).headers).toEqual({ "x-a": "1, 2", only: "1" });
	});

	test("keeps the body's bytes, encoded or not", () => {
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
		["a load balancer, which comes without IAM", { ...v1(), requestContext: { elb: { targetGroupArn: "x" } } }],
		["a web socket", { ...v1(), requestContext: { connectionId: "x" } }],
		["an authorizer's question", { type: "REQUEST", methodArn: "x", httpMethod: "POST" }],
		["an EventBridge event", { version: "0", id: "1", "detail-type": "x", source: "y", detail: {} }],
		["nothing", null],
	])("is not %s", (_, event) => {
		expect(isGatewayEvent(event)).toBe(false);
	});
});

test("a reply without a body has an empty one, as both payload versions read it", () => {
	expect(toGatewayReply({ status: 304, headers: { etag: '"x"' } })).toEqual({
		statusCode: 304,
		headers: { etag: '"x"' },
		body: "",
		isBase64Encoded: false,
	});
});
