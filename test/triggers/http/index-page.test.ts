import { describe, expect, test } from "vitest";
import openapi from "../../../docs/openapi.json" with { type: "json" };
import { needsIam, ROUTES } from "../../../lambda/triggers/http/routes.ts";
import { toGatewayEvent } from "../../../local/gateway/event.ts";
import { bodyOf, createTestRouter, NOW, targetStatus } from "../../harness/router.ts";

const run = `http-${"0".repeat(32)}`;
const get = (accept?: string, headers: object = {}, prefix = "") => ({
	method: "GET",
	path: "/",
	prefix,
	caller: undefined,
	headers: { host: "abc.execute-api.eu-west-1.amazonaws.com", ...(accept !== undefined && { accept }), ...headers },
});

describe("GET / lists the routes", () => {
	test.each([
		[undefined, "application/json"],
		["", "application/json"],
		["*/*", "application/json"],
		["application/json", "application/json"],
		["image/png", "application/json"],
		["text/html;q=0, */*", "application/json"],
		["text/html;q=0.5, application/json", "application/json"],
		["text/html;q=x", "application/json"],
		["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"],
		["TEXT/HTML ; Q=0.4, */* ; q=0.1", "text/html; charset=utf-8"],
		["text/*", "text/html; charset=utf-8"],
		["application/*;q=0.2, text/*;q=0.3", "text/html; charset=utf-8"],
	])("to a caller without authentication, by Accept %j", async (accept, type) => {
		const reply = await createTestRouter().send(get(accept));

		expect([reply.status, reply.headers["content-type"], reply.headers["vary"]]).toEqual([200, type, "Accept"]);
		expect(reply.body).toContain("/openapi.json");
	});

	test("with the stage in every path, and an example command for the caller's own address", async () => {
		const reply = await createTestRouter().send(get("*/*", { "x-forwarded-proto": "https" }, "/prod"));

		expect(bodyOf(reply).routes.map(({ path }: { path: string }) => path)).toEqual(
			ROUTES.map(({ path }) => `/prod${path}`),
		);
		expect(bodyOf(reply).example).toMatch(/ https:\/\/abc\.execute-api\.eu-west-1\.amazonaws\.com\/prod\/snapshots$/);
		expect(reply.headers["link"]).toBe('</prod/openapi.json>; rel="service-desc"');
	});

	test.each(["<script>alert(1)</script>", "$(rm -rf ~)", "a'; id; '", "a b", "x".repeat(300), ""])(
		"without a malformed host: %j",
		async (host) => {
			for (const accept of ["text/html", "*/*"]) {
				const reply = await createTestRouter().send(get(accept, { host, "x-forwarded-proto": "javascript" }));

				expect(reply.body).toContain("http://HOST/snapshots");
				if (host !== "") expect(reply.body).not.toContain(host);
				expect(reply.body).not.toContain("javascript");
			}
		},
	);

	test("as HTML, with a row for each route", async () => {
		const { body } = await createTestRouter().send(get("text/html", {}, "/prod&"));

		for (const { methods, path, purpose } of ROUTES) {
			expect(body).toContain(`<tr><td>${methods.join(", ")}<td><code>/prod&#38;${path}</code><td>${purpose}<td>`);
		}
		expect(body).toContain("<td>Standard Webhooks signature");
		expect(body).toContain("<td>IAM signature (SigV4, service execute-api)");
	});

	test("without scripts, and may not be framed", async () => {
		const reply = await createTestRouter().send(get("text/html"));

		expect(reply.headers["content-security-policy"]).toMatch(/default-src 'none'; frame-ancestors 'none'/);
		expect(reply.body).not.toMatch(/<script|<style|<img| on\w+=/i);
	});
});

test("the index, the OpenAPI document and API Gateway have the same routes", () => {
	const documented = Object.entries(openapi.paths)
		.filter(([path]) => path !== "/")
		.flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));

	expect(ROUTES.flatMap(({ methods, path }) => methods.map((method) => `${method} ${path}`)).toSorted()).toEqual(
		documented.toSorted(),
	);
});

test("the reply to HEAD is that to GET, without the body", async () => {
	const status = { run, status: "RUNNING" as const, targets: [targetStatus("STARTED")], startedAt: NOW };
	for (const path of ["/", "/openapi.json", `/snapshots/${run}`, "/snapshots/http-1", "/nowhere"]) {
		const api = createTestRouter({ read: (name) => (name === run ? status : undefined) });
		const [head, whole] = [await api.send({ method: "HEAD", path }), await api.send({ method: "GET", path })];

		expect(head, path).toEqual({ status: whole.status, headers: whole.headers });
		expect(whole.body, path).toBeTruthy();
	}
});

test("promise 8: unsigned requests that API Gateway forwards start nothing and read nothing", async () => {
	const api = createTestRouter({ read: () => ({ run, status: "RUNNING", targets: [], startedAt: NOW }) });
	const body = { projectId: "32b6e34b3d91647abb20e7b8", clusters: ["prod-a"] };
	for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "get", "post", ""]) {
		for (const path of [
			"/",
			...["", "/", `/${run}`, `/${run}/`].map((rest) => `/snapshots${rest}`),
			"/hooks/snapshots",
		]) {
			const reply = await api.send({ method, path, caller: undefined, body });

			const isIndex = path === "/" && (method === "GET" || method === "HEAD");
			expect(reply.status < 400, `${method} ${path}`).toBe(isIndex);
		}
	}
	expect([api.started, api.reads.count]).toEqual([[], 0]);
});

test("locally as in AWS, only signed routes have a caller", () => {
	const callerOf = (method: string, path: string) =>
		"authorizer" in toGatewayEvent({ method, path, headers: {} }).requestContext;

	for (const { methods, path, auth } of ROUTES)
		for (const method of methods) expect(callerOf(method, path.replace("{run}", run)), path).toBe(auth === "iam");
	for (const [method, path] of [
		["GET", "/"],
		["GET", "/snapshots"],
		["POST", `/snapshots/${run}`],
		["GET", "/openapi_json"],
		["GET", `/snapshots/${run}/x`],
		["POST", "/snapshots/"],
	] as const)
		expect(needsIam(method, path), `${method} ${path}`).toBe(false);
});
