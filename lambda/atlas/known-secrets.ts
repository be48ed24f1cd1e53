/** Secrets that this process works with, so that an echo of one is known by sight. */
export interface KnownSecrets {
	/** From now on it is known, in every form. */
	readonly add: (secret: string) => void;
	/** Whether a text holds one: as it is, or in base64, base64url or hexadecimal digits. */
	readonly isIn: (text: string) => boolean;
	/** The record without the fields that hold one. */
	readonly without: <T extends object>(record: T) => T;
}

/** As many are kept as a process has in use at a time: each request has an `Authorization` field of its own. */
const MOST = 300;
/** What is shorter is no secret: a key of Atlas has 36 characters. */
const SHORTEST = 8;
/** A text in which a secret may stand; most texts are passed over by it. */
const MAY_HOLD = /[!-~]{8,}/;

export function createKnownSecrets(): KnownSecrets {
	const known = new Map<string, readonly string[]>();
	const isIn = (text: string): boolean => {
		if (!MAY_HOLD.test(text)) return false;
		const digits = text.toLowerCase();
		return [...known.values()].some(
			([hex = "", ...others]) => digits.includes(hex) || others.some((form) => text.includes(form)),
		);
	};
	return {
		add(secret) {
			if (secret.length < SHORTEST || known.has(secret)) return;
			const bytes = Buffer.from(secret);
			const base64 = bytes.toString("base64").replace(/=+$/, "");
			known.set(secret, [bytes.toString("hex"), secret, base64, bytes.toString("base64url")]);
			const [oldest] = known.keys();
			if (known.size > MOST && oldest !== undefined) known.delete(oldest);
		},
		isIn,
		without: (record) => {
			const kept = Object.entries(record).filter(([, value]) => !stringsOf(value).some(isIn));
			return Object.fromEntries(kept) as typeof record;
		},
	};
}

/** Every text within a value that a schema has let through, so neither deep nor long. */
const stringsOf = (value: unknown): string[] => {
	if (typeof value === "string") return [value];
	return typeof value === "object" && value !== null ? Object.values(value).flatMap(stringsOf) : [];
};
