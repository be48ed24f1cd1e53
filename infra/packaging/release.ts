/**
 * `npm run release`: the stack of `cdk.json` as a CloudFormation template, and the functions' zip files beside it, for
 * those who deploy without the CDK.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { zipSync } from "fflate";
import { readCommand } from "../../local/cli/command.ts";
import { ROOT, replaceFolder } from "../build.ts";

/** A file of the CDK's asset manifest. @see aws-cdk-lib/cloud-assembly-schema, FileAsset */
interface Asset {
	readonly source: { readonly path: string; readonly packaging: "file" | "zip" };
	readonly destinations: Readonly<Record<string, { readonly objectKey: string }>>;
}

/** Lambda wants files that everyone may read; a date would give the same code other bytes. */
const ENTRY = { os: 3, attrs: 0o100644 << 16, mtime: "1980-01-01T00:00:00", level: 9 } as const;

/**
 * Writes `template.json` and the zip files, each named by what is in it.
 *
 * @param folder absolute path; it is replaced
 * @param context as in `cdk.json`
 * @returns the exit code of the CDK app, which prints each fault of the settings; where it is not 0 nothing is written
 */
export async function writeRelease(folder: string, context: object): Promise<number> {
	await using assembly = await mkdtempDisposable(join(tmpdir(), "atlas-snapshots-"));
	const env = { ...process.env, CDK_OUTDIR: assembly.path, CDK_CONTEXT_JSON: JSON.stringify(context) };
	const app = spawn(process.execPath, ["infra/app.ts", "--release"], {
		cwd: ROOT,
		env,
		stdio: ["ignore", "ignore", "inherit"],
	});
	const [code] = await once(app, "close");
	if (code !== 0) return code ?? 1;
	await replaceFolder(folder, async (made) => {
		const names = await readdir(assembly.path);
		const manifest = names.find((name) => name.endsWith(".assets.json")) ?? "";
		const { files }: { files: Record<string, Asset> } = JSON.parse(
			await readFile(join(assembly.path, manifest), "utf8"),
		);
		for (const { source, destinations } of Object.values(files)) {
			const path = join(assembly.path, source.path);
			// Of the asset manifest, files are the template alone.
			if (source.packaging === "file") await writeFile(join(made, "template.json"), await readFile(path));
			else await writeFile(join(made, keyOf(destinations)), await zip(path));
		}
	});
	return 0;
}

/** Name of a zip file in the bucket, without the prefix. */
function keyOf(destinations: Asset["destinations"]): string {
	const [{ objectKey } = { objectKey: "" }] = Object.values(destinations);
	// biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation's placeholder
	return objectKey.replace("${Prefix}", "");
}

async function zip(folder: string): Promise<Uint8Array> {
	const files = (await readdir(folder)).toSorted();
	const contents = await Promise.all(files.map((file) => readFile(join(folder, file))));
	return zipSync(Object.fromEntries(files.map((file, index) => [file, [contents[index] ?? new Uint8Array(), ENTRY]])));
}

if (import.meta.main) {
	readCommand(
		`npm run release                 writes the template and the functions' zip files into dist/release/
  --help, -h

exit code: 0 written, 1 not, 2 the call was wrong`,
		{},
	);
	const folder = join(ROOT, "dist", "release");
	const { context } = JSON.parse(await readFile(join(ROOT, "cdk.json"), "utf8"));
	process.exitCode = await writeRelease(folder, context);
	if (process.exitCode === 0) console.log(`release: ${relative(process.cwd(), folder)}; see docs/without-cdk.md`);
}
