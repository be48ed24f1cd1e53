import { execFile } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { ROOT } from "../../runbook/blocks.ts";

const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

test("workflows use actions by full commit, may read the code and no more, and keep no credentials", () => {
	const workflows = globSync(".github/workflows/*.yml", { cwd: ROOT }).map(read);

	expect(workflows.length).toBeGreaterThan(0);
	for (const text of workflows) {
		const uses = text.match(/uses: .*/g) ?? [];
		expect(uses.filter((line) => !/^uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([]);
		expect(text.match(/^permissions:\n(?: {2}.*\n)+/m)?.[0]).toBe("permissions:\n  contents: read\n");
		expect(text.match(/actions\/checkout@/g)?.length).toBe(text.match(/persist-credentials: false/g)?.length);
	}
});

test("the bill of materials lists every library that package.json names", { timeout: 60_000 }, async () => {
	const { dependencies, devDependencies } = JSON.parse(read("package.json"));
	const options = { cwd: ROOT, maxBuffer: 2 ** 26 };
	const { stdout } = await promisify(execFile)("npm", ["run", "--silent", "sbom"], options);
	const { bomFormat, components } = JSON.parse(stdout);
	const listed = components.map(({ purl }: { purl: string }) => decodeURIComponent(purl.replace("pkg:npm/", "")));

	expect(bomFormat).toBe("CycloneDX");
	for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
		expect(listed).toContain(`${name}@${String(version)}`);
	}
});
