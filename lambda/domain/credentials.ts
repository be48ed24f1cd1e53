import { InputError, type InputFault } from "./errors.ts";

/** The keys of Atlas's Administration API: a programmatic API key (digest), or a service account (OAuth). */
export type Credentials =
	| { readonly kind: "api-key"; readonly publicKey: string; readonly privateKey: string }
	| { readonly kind: "service-account"; readonly clientId: string; readonly clientSecret: string };

/** What a secret held. `shape` and `warning` name fields, never values. */
export interface ParsedSecret {
	readonly credentials: Credentials;
	/** The two fields that were read. */
	readonly shape: string;
	readonly warning?: string;
}

/**
 * Stands in a new secret of AWS's managed kind until somebody puts keys in: of the form that Secrets Manager demands, and
 * plainly nobody's.
 */
export const PLACEHOLDER_CLIENT_ID = `mdb_sa_id_${"0".repeat(24)}`;

type Pair = readonly [id: string, key: string];

/**
 * The names under which tools keep a service account: AWS's managed `MongoDBAtlasServiceAccount` secret and the
 * Kubernetes operator, Terraform, the Atlas CLI.
 */
const SERVICE_ACCOUNT_SHAPES: readonly Pair[] = [
	["clientId", "clientSecret"],
	["client_id", "client_secret"],
	["MONGODB_ATLAS_CLIENT_ID", "MONGODB_ATLAS_CLIENT_SECRET"],
];

/** The names for an API key: the API's own, Terraform, CloudFormation, the Kubernetes operator, the Atlas CLI. */
const API_KEY_SHAPES: readonly Pair[] = [
	["publicKey", "privateKey"],
	["public_key", "private_key"],
	["PublicKey", "PrivateKey"],
	["publicApiKey", "privateApiKey"],
	["MONGODB_ATLAS_PUBLIC_API_KEY", "MONGODB_ATLAS_PRIVATE_API_KEY"],
];

const EXPECTED = "must hold clientId and clientSecret (service account), or publicKey and privateKey (API key)";

/**
 * Reads the text of a secret, in every shape that tools of this field write. A service account wins over an API key,
 * with a warning. Blank fields count as absent, since templates leave them behind; other fields are let be.
 *
 * @param secretId name or ARN, for messages
 * @throws InputError `SECRET_INVALID`, naming fields and never a value
 */
export function parseCredentials(secretString: string, secretId: string): ParsedSecret {
	const fields = readFields(secretString, secretId);
	const has = (name: string) => fields.has(name);
	const wholeOf = (shapes: readonly Pair[]) => shapes.filter(([id, key]) => has(id) && has(key));
	const serviceAccounts = wholeOf(SERVICE_ACCOUNT_SHAPES);
	const [chosen, ...others] = [...serviceAccounts, ...wholeOf(API_KEY_SHAPES)];
	if (!chosen) throw new InputError("SECRET_INVALID", `secret ${secretId}`, halves(has));
	const [first, second] = [readKey(fields, chosen[0]), readKey(fields, chosen[1])];
	const isServiceAccount = serviceAccounts.length > 0;
	const faults = [...first.faults, ...second.faults];
	if (first.value === PLACEHOLDER_CLIENT_ID) {
		faults.push({ pointer: `/${chosen[0]}`, detail: "is still the placeholder: put the keys of a service account in" });
	}
	if (isServiceAccount && first.value.includes(":")) {
		faults.push({ pointer: `/${chosen[0]}`, detail: "must not hold a colon (RFC 7617 §2)" });
	}
	if (faults.length > 0) throw new InputError("SECRET_INVALID", `secret ${secretId}`, faults);
	const shape = chosen.join(", ");
	const ignored = others.map((pair) => pair.join(", "));
	return {
		credentials: isServiceAccount
			? { kind: "service-account", clientId: first.value, clientSecret: second.value }
			: { kind: "api-key", publicKey: first.value, privateKey: second.value },
		shape,
		...(ignored.length > 0
			? { warning: `secret ${secretId}: ${shape} are used; take out ${ignored.join(" and ")}` }
			: {}),
	};
}

/** Whether two readings of a secret brought the same keys. */
export function areSameCredentials(one: Credentials, other: Credentials): boolean {
	return one.kind === "api-key"
		? other.kind === "api-key" && one.publicKey === other.publicKey && one.privateKey === other.privateKey
		: other.kind === "service-account" && one.clientId === other.clientId && one.clientSecret === other.clientSecret;
}

function readFields(secretString: string, secretId: string): ReadonlyMap<string, unknown> {
	const value = parseJson(secretString.replace(/^\uFEFF/, ""));
	if (typeof value !== "object" || value === null || Array.isArray(value)) {
		throw new InputError("SECRET_INVALID", `secret ${secretId}`, [
			{ pointer: "", detail: `must be a JSON object; it ${EXPECTED}` },
		]);
	}
	return new Map(Object.entries(value).filter(([, field]) => !isBlank(field)));
}

/** The parser's own message quotes what it read, so it goes no further. */
function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

const isBlank = (field: unknown): boolean =>
	field === null || field === undefined || (typeof field === "string" && field.trim() === "");

/** Keys go into header fields, so they are visible ASCII; what copying leaves around them is cut off. */
function readKey(fields: ReadonlyMap<string, unknown>, name: string): { value: string; faults: InputFault[] } {
	const field = fields.get(name);
	const pointer = `/${name}`;
	if (typeof field !== "string") return { value: "", faults: [{ pointer, detail: "must be a string" }] };
	const value = field.trim();
	if (/^[\x21-\x7e]+$/.test(value)) return { value, faults: [] };
	return { value, faults: [{ pointer, detail: "must be visible ASCII characters without blanks" }] };
}

/** No pair is whole: names the missing half of each half pair, or says what is expected. */
function halves(has: (name: string) => boolean): InputFault[] {
	const faults = [...SERVICE_ACCOUNT_SHAPES, ...API_KEY_SHAPES].flatMap(([id, key]) => {
		if (has(id)) return [{ pointer: `/${key}`, detail: `is missing beside ${id}` }];
		return has(key) ? [{ pointer: `/${id}`, detail: `is missing beside ${key}` }] : [];
	});
	return faults.length > 0 ? faults : [{ pointer: "", detail: EXPECTED }];
}
