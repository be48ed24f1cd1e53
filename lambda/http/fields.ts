/** A JSON object of which nothing is known. */
export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (input: unknown): input is Fields =>
	typeof input === "object" && input !== null && !Array.isArray(input);

/** Empty where it is no object. */
export const fieldsOf = (input: unknown): Fields => (isFields(input) ? input : {});

export const textOf = (input: unknown): string | undefined => (typeof input === "string" ? input : undefined);
