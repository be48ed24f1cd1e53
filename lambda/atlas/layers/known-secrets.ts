import type { Credentials } from "../../domain/credentials.ts";
import type { ReadSecret } from "../auth/authenticate.ts";
import type { Layer } from "../request.ts";

/** Secrets that this process uses, so that a repetition of one in a reply can be found. */
export interface KnownSecrets {
	/** Adds a key, which is never removed. */
	readonly addKey: (secret: string) => void;
	/** Adds what was sent in an `Authorization` field. The newest {@link MAX_SENT} are kept. */
	readonly addSent: (secret: string) => void;
	/** Whether a text contains one, as it is or encoded in base64, base64url, hexadecimal digits or percent-encoding. */
	readonly isIn: (text: string) => boolean;
	/** The record without the fields that contain one. */
	readonly without: <T extends object>(record: T) => T;
}

/** More than a process sends while it reads the longest list; about 5 MB. */
const MAX_SENT = 5000;
/** Length of the prefix by which encoded secrets are indexed. Atlas's keys have 36 characters. */
const PREFIX_LENGTH = 8;

export function createKnownSecrets(): KnownSecrets {
	const keys = new Set<string>();
	/** Oldest first. */
	const sent = new Set<string>();
	/** Every encoding by its prefix, so that a search costs the same however many are known. */
	const byPrefix = new Map<string, Set<string>>();

	const index = (secret: string): void => {
		for (const form of encodingsOf(secret)) {
			const prefix = form.slice(0, PREFIX_LENGTH);
			byPrefix.set(prefix, (byPrefix.get(prefix) ?? new Set()).add(form));
		}
	};
	const removeSent = (secret: string): void => {
		sent.delete(secret);
		if (keys.has(secret)) return;
		for (const form of encodingsOf(secret)) {
			const prefix = form.slice(0, PREFIX_LENGTH);
			const forms = byPrefix.get(prefix);
			forms?.delete(form);
			if (forms?.size === 0) byPrefix.delete(prefix);
		}
	};
	const containsOne = (text: string): boolean => {
		for (let at = 0; at + PREFIX_LENGTH <= text.length; at++) {
			for (const form of byPrefix.get(text.slice(at, at + PREFIX_LENGTH)) ?? [])
				if (text.startsWith(form, at)) return true;
		}
		return false;
	};
	const isIn = (text: string): boolean => text.length >= PREFIX_LENGTH && decodingsOf(text).some(containsOne);
	return {
		addKey(secret) {
			if (secret.length < PREFIX_LENGTH || keys.has(secret)) return;
			keys.add(secret);
			index(secret);
		},
		addSent(secret) {
			if (secret.length < PREFIX_LENGTH) return;
			if (!sent.delete(secret)) index(secret);
			sent.add(secret);
			const [oldest] = sent;
			if (sent.size > MAX_SENT && oldest !== undefined) removeSent(oldest);
		},
		isIn,
		without: (record) => {
			const kept = Object.entries(record).filter(([, value]) => !stringsOf(value).some(isIn));
			return Object.fromEntries(kept) as typeof record;
		},
	};
}

/** The decodings of a text: as it is, percent-decoded, its hexadecimal digits, normalized base64. */
function decodingsOf(text: string): readonly string[] {
	const decoded = text.replace(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
	const digits = text.toLowerCase().replace(/0x|[^0-9a-f]/g, "");
	const base64 = decoded.replace(/\s/g, "").replaceAll("-", "+").replaceAll("_", "/");
	return [...new Set([text.toLowerCase(), decoded.toLowerCase(), digits, base64])];
}

/** The texts to search for; in lower case except base64. */
function encodingsOf(secret: string): readonly string[] {
	const bytes = Buffer.from(secret);
	return [secret.toLowerCase(), bytes.toString("hex"), ...[0, 1, 2].map((before) => withinBase64(bytes, before))];
}

/**
 * The base64 digits that depend on the secret only when it is encoded together with bytes before and after it. A digit
 * holds six bits, so the one at either end may be shared with a neighbour.
 *
 * @param before number of bytes before it, modulo 3
 * @see RFC 4648 §4
 */
function withinBase64(secret: Buffer, before: number): string {
	const digits = Buffer.concat([Buffer.alloc(before), secret])
		.toString("base64")
		.replaceAll("=", "");
	const isLastShared = (before + secret.length) % 3 > 0;
	return digits.slice(Math.ceil((before * 8) / 6), isLastShared ? -1 : undefined);
}

/** Every string in a value. A schema has limited its depth and size. */
const stringsOf = (value: unknown): string[] => {
	if (typeof value === "string") return [value];
	return typeof value === "object" && value !== null ? Object.values(value).flatMap(stringsOf) : [];
};

/** Adds the keys whenever they are read. */
export const rememberKeys =
	(known: KnownSecrets, readSecret: ReadSecret): ReadSecret =>
	async (refused) => {
		const credentials = await readSecret(refused);
		known.addKey(keyOf(credentials));
		return credentials;
	};

const keyOf = (credentials: Credentials): string =>
	credentials.kind === "api-key" ? credentials.privateKey : credentials.clientSecret;

/**
 * Adds the secret part of each `Authorization` field: the digest response, or the credentials of another scheme. It is added
 * again after the reply, which may arrive after many later requests.
 *
 * @see RFC 7616 §3.4; RFC 7617 §2; RFC 6750 §2.1
 */
export const rememberAuthorization =
	(known: KnownSecrets): Layer =>
	(next) =>
	async (request) => {
		const { authorization = "" } = request.headers;
		const response = /\bresponse="([^"]+)"/.exec(authorization)?.[1];
		const add = () => known.addSent(response ?? authorization.slice(authorization.indexOf(" ") + 1));
		add();
		try {
			return await next(request);
		} finally {
			add();
		}
	};
