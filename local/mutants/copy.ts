import { cp, mkdtempDisposable, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
const PARTS = [
	"lambda",
	"local",
	"infra",
	"test",
	"docs",
	"examples",
	"package.json",
	"tsconfig.json",
	"vitest.config.ts",
	"cdk.json",
];

/** Copies the code and its tests into a temporary folder, which is removed when it is disposed of. */
export async function copyRepository() {
	const folder = await mkdtempDisposable(join(tmpdir(), "atlas-snapshots-mutant-"));
	for (const part of PARTS) await cp(join(ROOT, part), join(folder.path, part), { recursive: true });
	await symlink(join(ROOT, "node_modules"), join(folder.path, "node_modules"));
	return folder;
}
