/** Stands in for a handler where a test is about the stack, not about what the functions do. */
export const handler = (): Promise<void> => Promise.resolve();
