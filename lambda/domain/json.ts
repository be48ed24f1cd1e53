/** @returns `undefined` where the text is no JSON; the parser's own message would quote the text */
export function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

/** A JSON object of which nothing is known. */
export type JsonObject = Readonly<Record<string, unknown>>;

export const isRecord = (value: unknown): value is JsonObject =>
	typeof value === "object" && value !== null && !Array.isArray(value);
