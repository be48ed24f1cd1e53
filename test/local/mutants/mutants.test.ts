import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { mutants } from "../../../local/mutants/list.ts";

test.each(mutants)("the defect “$name” still fits the code", async ({ edits }) => {
	for (const { file, from } of edits) {
		const text = await readFile(join(import.meta.dirname, "../../..", file), "utf8");
		expect(text.split(from)).toHaveLength(2);
	}
});
