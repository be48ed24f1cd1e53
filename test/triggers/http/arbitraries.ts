import fc from "fast-check";
import { NOW, USER, REQUEST as VALID } from "../../harness/router.ts";

/** A run that exists. */
export const KNOWN_RUN = "http-0123456789abcdef0123456789abcdef";
export { VALID };

export const wild = fc.oneof(
	fc.string({ unit: "binary" }),
	fc.string(),
	fc.constantFrom("", "..", "%00", "%2e%2e", "__proto__", "constructor", "\u0000", "💾", "ｓnapshots", "snарshots"),
);
export const methods = fc.oneof(
	{ weight: 6, arbitrary: fc.constantFrom("GET", "POST") },
	{ weight: 2, arbitrary: fc.constantFrom("PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "post", "constructor", "") },
	{ weight: 1, arbitrary: wild },
);
export const paths = fc.oneof(
	{ weight: 6, arbitrary: fc.constantFrom("/snapshots", "/hooks/snapshots", `/snapshots/${KNOWN_RUN}`) },
	{ weight: 1, arbitrary: fc.constant("/openapi.json") },
	{ weight: 1, arbitrary: wild.map((text) => `/snapshots/${text}`) },
	{ weight: 1, arbitrary: wild.map((text) => `/${text}`) },
	{ weight: 1, arbitrary: wild },
);
const headerNames = fc.constantFrom(
	"Content-Type",
	"content-type",
	"Content-Encoding",
	"Prefer",
	"Idempotency-Key",
	"If-None-Match",
	"webhook-id",
	"webhook-timestamp",
	"webhook-signature",
	"Authorization",
	"__proto__",
);
const headerValues = fc.oneof(
	wild,
	fc.constantFrom("application/json", "wait=20", "wait=1e9", '"k"', "v1,AAAA", String(NOW / 1000), "*", ",", "a,b"),
	fc.double().map(String),
);
const headers = fc.dictionary(headerNames, fc.oneof({ weight: 9, arbitrary: headerValues }, fc.jsonValue()));

/** JSON texts that are no request, each in its own way. */
const numbers = fc.constantFrom(..."1e999 -1 0 2147483648 9007199254740993 1.5 -0 1e-400 NaN 0x7".split(" "));
const deep = fc.integer({ min: 1, max: 9000 }).map((depth) => "[".repeat(depth) + "]".repeat(depth));
const poisonKeys = fc.oneof(
	fc.constantFrom(
		"__proto__",
		"constructor",
		"toString",
		"hasOwnProperty",
		"ｃlusters",
		"сlusters",
		"projectID",
		"clusters ",
		"",
	),
	fc
		.string()
		.filter(
			(key) =>
				!/^(projectId|groupId|clusters|clusterName|description|retentionInDays|onConflict|deadlineMinutes|minimumAgeMinutes)$/.test(
					key,
				),
		),
);
const badNames = fc.oneof(
	fc.constantFrom("", "-a", "ａ", "а", "a b", "a/b", "../x", "a\u0000", "a_b", "a".repeat(65), "prod‐a"),
	fc.jsonValue().filter((name) => typeof name !== "string"),
);
export const quoted = (value: unknown) => JSON.stringify(value) ?? "null";
export const faultyRequests = fc.oneof(
	poisonKeys.chain((key) =>
		fc
			.jsonValue()
			.map((value) => `{"projectId":"${VALID.projectId}","clusters":["a"],${quoted(key)}:${quoted(value)}}`),
	),
	badNames.map((name) => quoted({ ...VALID, clusters: ["a", name] })),
	fc
		.tuple(fc.constantFrom("retentionInDays", "deadlineMinutes", "minimumAgeMinutes"), numbers)
		.map(([key, number]) => `{"projectId":"${VALID.projectId}","clusters":["a"],"${key}":${number}}`),
	deep.map((nested) => `{"projectId":"${VALID.projectId}","clusters":${nested}}`),
	fc
		.string()
		.filter((id) => !/^[a-f0-9]{24}$/.test(id))
		.map((projectId) => quoted({ ...VALID, projectId })),
	fc.constantFrom(
		"{}",
		"null",
		"[]",
		"0",
		'""',
		"{",
		"\ufeff",
		`${quoted(VALID)}x`,
		'{"clusters":["a"]}',
		'{"clusters":{"tags":{}}}',
	),
	fc.jsonValue().map(quoted),
	fc.string({ unit: "binary" }),
);
const bodies = fc.oneof(
	{ weight: 20, arbitrary: faultyRequests.map((body) => ({ body, isBase64Encoded: false })) },
	{
		weight: 4,
		arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => ({
			body: Buffer.from([...bytes, 0xff]).toString("base64"),
			isBase64Encoded: true,
		})),
	},
	{ weight: 2, arbitrary: fc.jsonValue().map((body) => ({ body, isBase64Encoded: true })) },
	{
		weight: 1,
		arbitrary: fc
			.integer({ min: 20_001, max: 60_000 })
			.map((length) => ({ body: quoted(VALID).padEnd(length), isBase64Encoded: false })),
	},
);

/** Identities as IAM gives them, and malformed ones. */
const identities = fc.oneof(
	{ weight: 3, arbitrary: fc.constant({ userArn: USER }) },
	{ weight: 1, arbitrary: fc.constantFrom(undefined, null, {}, { userArn: null }, { userArn: ["x"] }) },
	{ weight: 1, arbitrary: wild.map((userArn) => ({ userArn })) },
);

export const event2 = fc
	.record({ method: methods, path: paths, headers, body: bodies, identity: identities })
	.map(({ method, path, headers, body, identity }) => ({
		version: "2.0",
		routeKey: "$default",
		rawPath: path,
		headers,
		requestContext: { stage: "$default", requestId: "x", http: { method }, authorizer: { iam: identity } },
		...body,
	}));
export const event1 = fc
	.record({ method: methods, path: paths, headers, body: bodies, identity: identities })
	.map(({ method, path, headers, body, identity }) => ({
		version: "1.0",
		httpMethod: method,
		path,
		headers,
		multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value, value]])),
		requestContext: { stage: "prod", identity },
		...body,
	}));
