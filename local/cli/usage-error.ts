/** A call that is wrong: one sentence that names the flag, the variable or the file and the rule. Exit code 2. */
export class UsageError extends Error {
	override readonly name = "UsageError";
}
