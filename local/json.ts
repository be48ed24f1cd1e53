export const isRecord = (input: unknown): input is Readonly<Record<string, unknown>> =>
	typeof input === "object" && input !== null && !Array.isArray(input);

/** @returns `undefined` for a text that is no JSON */
export function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
