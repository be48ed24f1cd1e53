import type { Credentials } from "../../domain/credentials.ts";
import type { ReadSecret } from "../auth/authenticate.ts";
import type { Layer } from "../request.ts";

/** Secrets that this process works with, so that an echo of one is known by sight. */
export interface KnownSecrets {
	/** From now on it is known, in every form, for good: for the keys themselves, which are few. */
	readonly addKey: (secret: string) => void;
	/** The same for what was sent by them, of which the newest {@link MOST} are kept. */
	readonly addSent: (secret: string) => void;
	/** Whether a text holds one: as it is, or within something longer in base64, base64url, hexadecimal digits or percents. */
	readonly isIn: (text: string) => boolean;
	/** The record without the fields that hold one. */
	readonly without: <T extends object>(record: T) => T;
}

/** More than a process sends while one list of many pages is read, and about 5 MB. */
const MOST = 5000;
/** What is shorter is no secret: a key of Atlas has 36 characters. So long a start of each form is indexed. */
const SHORTEST = 8;

export function createKnownSecrets(): KnownSecrets {
	const keys = new Set<string>();
	/** Oldest first. */
	const sent = new Set<string>();
	/** Every form by its start: a look costs the same however many are known. */
	const byStart = new Map<string, Set<string>>();

	const index = (secret: string): void => {
		for (const form of formsOf(secret)) {
			const start = form.slice(0, SHORTEST);
			byStart.set(start, (byStart.get(start) ?? new Set()).add(form));
		}
	};
	const forget = (secret: string): void => {
		sent.delete(secret);
		if (keys.has(secret)) return;
		for (const form of formsOf(secret)) {
			const start = form.slice(0, SHORTEST);
			const forms = byStart.get(start);
			forms?.delete(form);
			if (forms?.size === 0) byStart.delete(start);
		}
	};
	const holds = (reading: string): boolean => {
		for (let at = 0; at + SHORTEST <= reading.length; at++) {
			for (const form of byStart.get(reading.slice(at, at + SHORTEST)) ?? [])
				if (reading.startsWith(form, at)) return true;
		}
		return false;
	};
	const isIn = (text: string): boolean => text.length >= SHORTEST && readingsOf(text).some(holds);
	return {
		addKey(secret) {
			if (secret.length < SHORTEST || keys.has(secret)) return;
			keys.add(secret);
			index(secret);
		},
		addSent(secret) {
			if (secret.length < SHORTEST) return;
			if (!sent.delete(secret)) index(secret);
			sent.add(secret);
			const [oldest] = sent;
			if (sent.size > MOST && oldest !== undefined) forget(oldest);
		},
		isIn,
		without: (record) => {
			const kept = Object.entries(record).filter(([, value]) => !stringsOf(value).some(isIn));
			return Object.fromEntries(kept) as typeof record;
		},
	};
}

/** A text as it may be meant, each reading once: as it is, in percents, in hexadecimal digits, in base64. */
function readingsOf(text: string): readonly string[] {
	const decoded = text.replace(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
	const digits = text.toLowerCase().replace(/0x|[^0-9a-f]/g, "");
	const base64 = decoded.replace(/\s/g, "").replaceAll("-", "+").replaceAll("_", "/");
	return [...new Set([text.toLowerCase(), decoded.toLowerCase(), digits, base64])];
}

/** What is looked for of one secret; in lower case but for base64. */
function formsOf(secret: string): readonly string[] {
	const bytes = Buffer.from(secret);
	return [secret.toLowerCase(), bytes.toString("hex"), ...[0, 1, 2].map((before) => withinBase64(bytes, before))];
}

/**
 * The digits of base64 that are the secret's alone, where other bytes stand before and after it: a digit has six bits, so
 * one at either end may be shared.
 *
 * @param before how many bytes more than a multiple of three stand before it
 * @see RFC 4648 §4
 */
function withinBase64(secret: Buffer, before: number): string {
	const digits = Buffer.concat([Buffer.alloc(before), secret])
		.toString("base64")
		.replaceAll("=", "");
	const isLastShared = (before + secret.length) % 3 > 0;
	return digits.slice(Math.ceil((before * 8) / 6), isLastShared ? -1 : undefined);
}

/** Every text within a value that a schema has let through, so neither deep nor long. */
const stringsOf = (value: unknown): string[] => {
	if (typeof value === "string") return [value];
	return typeof value === "object" && value !== null ? Object.values(value).flatMap(stringsOf) : [];
};

/** Learns the keys as they are read. */
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
 * Learns what a request shows of them: the digest's response, without which the rest of its field says nothing, or the
 * credentials of any other `Authorization` field. Once more with the reply, which may come after those of many later
 * requests.
 *
 * @see RFC 7616 §3.4; RFC 7617 §2; RFC 6750 §2.1
 */
export const rememberAuthorization =
	(known: KnownSecrets): Layer =>
	(next) =>
	async (call) => {
		const { authorization = "" } = call.headers;
		const response = /\bresponse="([^"]+)"/.exec(authorization)?.[1];
		const learn = () => known.addSent(response ?? authorization.slice(authorization.indexOf(" ") + 1));
		learn();
		try {
			return await next(call);
		} finally {
			learn();
		}
	};
