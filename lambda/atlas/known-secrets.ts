/** Secrets that this process works with, so that an echo of one is known by sight. */
export interface KnownSecrets {
	/** From now on it is known, in every form. */
	readonly add: (secret: string) => void;
	/** Whether a text holds one: as it is, or within something longer in base64, base64url, hexadecimal digits or percents. */
	readonly isIn: (text: string) => boolean;
	/** The record without the fields that hold one. */
	readonly without: <T extends object>(record: T) => T;
}

/** As many are kept as a process has in use at a time: each request has an `Authorization` field of its own. */
const MOST = 300;
/** What is shorter is no secret: a key of Atlas has 36 characters. */
const SHORTEST = 8;

/** What is looked for of one secret. */
interface Forms {
	/** In lower case. */
	readonly plain: string;
	readonly hex: string;
	readonly base64: readonly string[];
}

export function createKnownSecrets(): KnownSecrets {
	const known = new Map<string, Forms>();
	const isIn = (text: string): boolean => {
		if (text.length < SHORTEST) return false;
		const decoded = text.replace(/%([0-9a-f]{2})/gi, (_, code: string) =>
			String.fromCharCode(Number.parseInt(code, 16)),
		);
		const plain = [text, decoded].map((reading) => reading.toLowerCase());
		const digits = text.toLowerCase().replace(/0x|[^0-9a-f]/g, "");
		const base64 = decoded.replace(/\s/g, "").replaceAll("-", "+").replaceAll("_", "/");
		return [...known.values()].some(
			(forms) =>
				plain.some((reading) => reading.includes(forms.plain)) ||
				digits.includes(forms.hex) ||
				forms.base64.some((form) => base64.includes(form)),
		);
	};
	return {
		add(secret) {
			if (secret.length < SHORTEST) return;
			const forms = known.get(secret) ?? formsOf(secret);
			// What is in use again is the newest again: the keys outlast the fields of single requests.
			known.delete(secret);
			known.set(secret, forms);
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

function formsOf(secret: string): Forms {
	const bytes = Buffer.from(secret);
	const base64 = [0, 1, 2].map((before) => withinBase64(bytes, before));
	return { plain: secret.toLowerCase(), hex: bytes.toString("hex"), base64 };
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
