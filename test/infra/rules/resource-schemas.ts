import { readFileSync } from "node:fs";
import { loadAwsServiceSpecSync } from "@aws-cdk/aws-service-spec";
import type { PropertyType, Resource } from "@aws-cdk/service-spec-types";
import { Ajv2019, type ValidateFunction } from "ajv/dist/2019.js";
import type { Template } from "./resolve.ts";

interface RegistrySchema {
	readonly typeName: string;
	readonly readOnlyProperties?: readonly string[];
}

/**
 * Two sources by AWS. The registry's schemas hold patterns, lengths, ranges and what excludes what; a newer property may
 * be missing in the copy kept here: CloudFormation's public registry (us-east-1), as the package cfn-lint 1.51.0 (MIT-0)
 * carries it, without descriptions, a type on each line. The CDK's own specification, renewed with it, knows every
 * property, which are required, and lists of values. Neither says what a service checks beyond its schema.
 */
const registry: ReadonlyMap<string, RegistrySchema> = new Map(
	readFileSync(new URL("./resource-schemas.jsonl", import.meta.url), "utf8")
		.trim()
		.split("\n")
		.map((line): RegistrySchema => JSON.parse(line))
		.map((schema) => [schema.typeName, schema]),
);
const specification = loadAwsServiceSpecSync();

/** The registry has patterns of several dialects: `\p{L}` wants the flag `u`, others forbid it; `\Z` is the end. */
const toRegExp = Object.assign(
	(pattern: string) => new RegExp(pattern.replaceAll("\\Z", "$"), pattern.includes("\\p{") ? "u" : ""),
	{ code: "toRegExp" },
);

const ajv = new Ajv2019({ strict: false, allErrors: true, validateFormats: false, code: { regExp: toRegExp } });
ajv.addKeyword({
	keyword: "dependentExcluded",
	type: "object",
	validate: (rules: Readonly<Record<string, readonly string[]>>, data: object) =>
		Object.entries(rules).every(([name, others]) => !(name in data) || others.every((other) => !(other in data))),
});
ajv.addKeyword({
	keyword: "requiredXor",
	type: "object",
	validate: (names: readonly string[], data: object) => names.filter((name) => name in data).length === 1,
});
ajv.addKeyword({
	keyword: "requiredOr",
	type: "object",
	validate: (names: readonly string[], data: object) => names.some((name) => name in data),
});

const validators = new Map<string, ValidateFunction>();

/** What CloudFormation would refuse of a resolved template's resources, a line each. */
export function schemaFaults({ Resources }: Template): string[] {
	return Object.entries(Resources).flatMap(([id, { Type, Properties }]) =>
		[...registryFaults(Type, Properties), ...specificationFaults(Type, Properties)].map(
			(fault) => `${id} (${Type}) ${fault}`,
		),
	);
}

function registryFaults(type: string, properties: object): string[] {
	const schema = registry.get(type);
	if (!schema) return ["has no schema here: add it to resource-schemas.jsonl"];
	const validate = validators.get(type) ?? ajv.compile(schema);
	validators.set(type, validate);
	validate(properties);
	const readOnly = (schema.readOnlyProperties ?? [])
		.map((pointer) => pointer.replace("/properties/", ""))
		.filter((name) => name in properties);
	return [
		...(validate.errors ?? [])
			.filter(({ keyword }) => keyword !== "additionalProperties")
			.map(({ instancePath, keyword, message }) => `${instancePath} ${message ?? keyword}`),
		...readOnly.map((name) => `/${name} is read-only`),
	];
}

function specificationFaults(type: string, properties: object): string[] {
	const resource = specification.lookup("resource", "cloudFormationType", "equals", type).at(0);
	return resource ? objectFaults(properties, resource.properties, "") : ["is a type that the CDK does not know"];
}

function objectFaults(value: object, known: Resource["properties"], path: string): string[] {
	const missing = Object.entries(known)
		.filter(([name, { required }]) => required === true && !(name in value))
		.map(([name]) => `${path}/${name} is missing`);
	return [
		...missing,
		...Object.entries(value).flatMap(([name, item]) => {
			const property = known[name];
			return property ? typeFaults(item, property.type, `${path}/${name}`) : [`${path}/${name} is not known`];
		}),
	];
}

function typeFaults(value: unknown, type: PropertyType, path: string): string[] {
	const not = (what: string) => [`${path} is no ${what}`];
	switch (type.type) {
		case "string":
			if (typeof value !== "string") return not("string");
			return type.allowedValues && !type.allowedValues.includes(value) ? not("allowed value") : [];
		case "integer":
		case "number":
			return typeof value === "number" && (type.type === "number" || Number.isInteger(value)) ? [] : not(type.type);
		case "boolean":
			return typeof value === "boolean" ? [] : not("boolean");
		case "array":
			return Array.isArray(value)
				? value.flatMap((item, index) => typeFaults(item, type.element, `${path}/${index}`))
				: not("list");
		case "map":
			return isObject(value)
				? Object.entries(value).flatMap(([name, item]) => typeFaults(item, type.element, `${path}/${name}`))
				: not("map");
		case "ref":
			return isObject(value)
				? objectFaults(value, specification.get("typeDefinition", type.reference).properties, path)
				: not("object");
		case "union":
			return type.types.some((one) => typeFaults(value, one, path).length === 0) ? [] : not("type of its union");
		case "date-time":
		case "json":
		case "null":
		case "tag":
			return [];
	}
}

const isObject = (value: unknown): value is object =>
	typeof value === "object" && value !== null && !Array.isArray(value);
