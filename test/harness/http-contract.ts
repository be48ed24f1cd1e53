import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { expect } from "vitest";
import openapi from "../../docs/openapi.json" with { type: "json" };
import type { HttpReply } from "../../lambda/triggers/http/request.ts";

/** Checks replies against the OpenAPI document: every path, status, header and body. */
const ajv = new Ajv2020({ allErrors: true, strict: false });
addFormats.default(ajv);
ajv.addSchema(openapi, "openapi");

type Json = Readonly<Record<string, unknown>>;
/** A node of the document, and the JSON Pointer that leads to it. */
interface Node {
	readonly pointer: string;
	readonly value: Json;
}

/** @throws where the reply is not one that the document has for this method and path */
export function expectDocumented(method: string, path: string, reply: HttpReply): void {
	const where = `${method} ${path} → ${reply.status}`;
	const response = find(method, path, reply.status);
	expect(response, `${where} is in the document`).toBeDefined();
	if (!response) return;
	checkHeaders(where, response, reply);
	if (method === "HEAD") expect(reply.body, `${where} has no body`).toBeUndefined();
	else checkBody(where, response, reply);
}

function find(method: string, path: string, status: number): Node | undefined {
	const template = Object.keys(openapi.paths).find((candidate) =>
		new RegExp(`^${candidate.replaceAll(".", "\\.").replace(/\{\w+\}/, "[^/]+")}$`).test(path),
	);
	// Methods are case-sensitive (RFC 9110 §9.1); the document writes them in lower case.
	const documented = /^[A-Z]+$/.test(method) ? method.toLowerCase() : "none";
	// HEAD is answered as GET is, without the body.
	const key = documented === "head" ? "get" : documented;
	const responses = template && at(`/paths/${toToken(template)}/${key}/responses`);
	if (responses) return child(responses, String(status));
	const beside: Readonly<Record<number, string>> = { 404: "NotFound", 405: "MethodNotAllowed" };
	const name = beside[status];
	return name === undefined ? undefined : at(`/components/responses/${name}`);
}

function checkHeaders(where: string, response: Node, reply: HttpReply): void {
	const headers = child(response, "headers");
	for (const name of Object.keys(headers?.value ?? {})) {
		const header = headers && child(headers, name);
		if (!header) continue;
		const value = reply.headers[name.toLowerCase()];
		if (header.value["required"] === true) expect(value, `${where} has ${name}`).toBeDefined();
		const schema = child(header, "schema");
		if (value !== undefined && schema) validate(`${where} ${name}`, schema, value);
	}
}

function checkBody(where: string, response: Node, reply: HttpReply): void {
	const content = child(response, "content");
	if (!content) {
		expect(reply.body, `${where} has no body`).toBeUndefined();
		return;
	}
	const type = reply.headers["content-type"] ?? "";
	const media = child(content, type);
	expect(media, `${where} may be ${type}`).toBeDefined();
	const schema = media && child(media, "schema");
	if (schema) validate(where, schema, type.startsWith("text/") ? reply.body : JSON.parse(reply.body ?? ""));
	if (type === "application/problem+json") expect(JSON.parse(reply.body ?? "").status).toBe(reply.status);
}

function validate(where: string, schema: Node, value: unknown): void {
	const check = ajv.getSchema(`openapi#${schema.pointer}`);
	if (!check) throw new Error(`no schema at ${schema.pointer}`);
	if (!check(value)) throw new Error(`${where}: ${ajv.errorsText(check.errors)}`);
}

function at(pointer: string): Node | undefined {
	let value: unknown = openapi;
	for (const key of pointer.split("/").slice(1)) value = (value as Json | undefined)?.[fromToken(key)];
	return value === undefined ? undefined : resolve({ pointer, value: value as Json });
}

const child = (node: Node, key: string): Node | undefined => at(`${node.pointer}/${toToken(key)}`);

function resolve(node: Node): Node | undefined {
	const ref = node.value["$ref"];
	return typeof ref === "string" && !node.pointer.endsWith("/schema") ? at(ref.slice(1)) : node;
}

const toToken = (key: string): string => key.replaceAll("~", "~0").replaceAll("/", "~1");
const fromToken = (key: string): string => key.replaceAll("~1", "/").replaceAll("~0", "~");
