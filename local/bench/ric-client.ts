import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const RIC_VERSION = "4.0.2";

const NAME = `aws-lambda-ric@${RIC_VERSION}`;
const FOLDER = fileURLToPath(new URL(`../../node_modules/.cache/aws-lambda-ric-${RIC_VERSION}`, import.meta.url));
/** What npm's install script compiles at its very end. */
const COMPILED = `${FOLDER}/node_modules/aws-lambda-ric/rapid-client.node`;

/**
 * AWS's runtime client, installed where it is not there yet. It is no dependency, because its C++ part is compiled on the
 * spot, which takes minutes.
 *
 * @returns path of its `index.mjs`
 */
export async function installRic(tell: (what: string) => void): Promise<string> {
	if (!existsSync(COMPILED)) {
		tell(`installing ${NAME}, which compiles for minutes`);
		// npm would leave alone what an earlier install put there without compiling it.
		await rm(FOLDER, { recursive: true, force: true });
		await mkdir(FOLDER, { recursive: true });
		const args = ["install", "--no-save", "--no-package-lock", "--loglevel=error", "--prefix", FOLDER, NAME];
		// Where it can't be compiled at all, npm may succeed without doing so.
		const said = await promisify(execFile)("npm", args, { maxBuffer: 2 ** 26 }).then(() => "", firstError);
		if (!existsSync(COMPILED)) {
			const needs = "it needs npm with its registry, Linux, cmake, make and a C++ compiler";
			throw new Error(`${NAME} can't be installed (${said || "nothing was compiled"}): ${needs}`);
		}
	}
	return `${FOLDER}/node_modules/aws-lambda-ric/index.mjs`;
}

const firstError = ({ stderr, message }: Error & { readonly stderr?: string }): string =>
	/^npm error (.+)$/m.exec(stderr ?? "")?.[1] ?? message.split("\n")[0] ?? "";
