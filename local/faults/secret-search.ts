import { createHash } from "node:crypto";
import type { AtlasState } from "../atlas/state/state.ts";

const REALM = "MMS Public API";

/** Collects what must never be seen outside, in every form that it may take. */
export interface SecretSearch {
	/** Keys, secrets and tokens as they are now; to be called again whenever they may have changed. */
	addKeysOf(atlas: AtlasState): void;
	/** The value of an `Authorization` header. */
	addHeader(header: string): void;
	/** A secret of any other kind. @param name what it is, for a report */
	add(name: string, secret: string): void;
	/** @returns what is found in the text: the names of secrets and forms, never their values */
	search(text: string): string[];
}

/** The newest secrets of each kind. */
export const secretsOf = ({ credentials }: AtlasState): readonly string[] => [
	...[...credentials.apiKeys.values()].slice(-1),
	...[...credentials.serviceAccounts.values()].flatMap((secrets) => [...secrets]).slice(-1),
	...[...credentials.tokens.keys()].slice(-1),
];

export function createSecretSearch(): SecretSearch {
	/** Form → name. */
	const forms = new Map<string, string>();
	/** Digest responses: new ones with every request, so they are looked up and not searched for. */
	const responses = new Set<string>();
	const add = (name: string, secret: string) => {
		if (forms.has(secret)) return;
		for (const [form, text] of formsOf(secret)) forms.set(text, `${name} (${form})`);
	};
	return {
		add,
		addKeysOf({ credentials }) {
			for (const [publicKey, privateKey] of credentials.apiKeys) {
				if (forms.has(privateKey)) continue;
				add("private key", privateKey);
				forms.set(hash("md5", `${publicKey}:${REALM}:${privateKey}`), "HA1 (md5)");
				forms.set(hash("sha256", `${publicKey}:${REALM}:${privateKey}`), "HA1 (sha256)");
			}
			for (const secrets of credentials.serviceAccounts.values()) for (const secret of secrets) add("secret", secret);
			for (const token of credentials.tokens.keys()) add("token", token);
		},
		addHeader(header) {
			const response = /response="([0-9a-f]+)"/.exec(header)?.[1];
			if (response === undefined) return add("Authorization header", header.slice(header.indexOf(" ") + 1));
			responses.add(response);
		},
		search(text) {
			const words = [...new Set(text.match(/[\w+/=-]{8,}/g))].join("\n");
			const found = [...forms].filter(([form]) => words.includes(form)).map(([, name]) => name);
			const hex = words.match(/[0-9a-f]{32,}/g) ?? [];
			if (hex.some((word) => responses.has(word))) found.push("digest response");
			if (/authorization["']?\s*[:=]\s*["']?(digest|bearer|basic)\s/i.test(text)) found.push("Authorization header");
			return found;
		},
	};
}

function formsOf(secret: string): readonly (readonly [form: string, text: string])[] {
	const bytes = Buffer.from(secret);
	const hashes = ["md5", "sha1", "sha256", "sha512"].map((name) => [name, hash(name, secret)] as const);
	return [
		["raw", secret],
		["base64", bytes.toString("base64").replace(/=+$/, "")],
		["base64url", bytes.toString("base64url")],
		["hex", bytes.toString("hex")],
		...hashes,
	];
}

const hash = (algorithm: string, text: string): string => createHash(algorithm).update(text).digest("hex");
