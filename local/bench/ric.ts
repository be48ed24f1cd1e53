import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtempDisposable, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { buildFunctions } from "../../infra/build.ts";
import { runChild } from "./process.ts";
import { startUnderRic } from "./ric-process.ts";
import type { Row } from "./rows.ts";
import { median, rounded } from "./statistics.ts";

/** The deployed durable bundle under AWS's own runtime client. */
export interface Ric {
	/** Of aws-lambda-ric. */
	readonly version: string;
	/** Milliseconds from a process's start to its first GET next, of the durable bundle and of a handler that is empty. */
	readonly startToNextMs: number;
	readonly emptyStartToNextMs: number;
	readonly run: RicRun;
}

/** A whole run. */
export interface RicRun {
	readonly status: string;
	/** Looks at the snapshot. */
	readonly polls: number;
	readonly invocations: number;
	/** Milliseconds, the median. */
	readonly invocationMs: number;
	/** Why it did not succeed. */
	readonly error?: string | undefined;
}

/** @param tell hears what comes next */
export async function measureRic(quick: boolean, tell: (what: string) => void): Promise<Ric> {
	const client = await installRic(tell);
	await using folder = await mkdtempDisposable(join(tmpdir(), "atlas-snapshots-bench-"));
	tell("building");
	const deployed = join((await buildFunctions(join(folder.path, "deployed"))).snapshot, "index.mjs");
	await mkdir(join(folder.path, "empty"));
	const empty = join(folder.path, "empty", "index.mjs");
	await writeFile(empty, "export const handler = async () => {};\n");
	tell("starts");
	const [own, bare]: [number[], number[]] = [[], []];
	for (let i = 0; i < (quick ? 3 : 9); i++) {
		own.push(await startOnce(client, deployed));
		bare.push(await startOnce(client, empty));
	}
	tell("a run");
	return {
		version: RIC_VERSION,
		startToNextMs: rounded(median(own), 1),
		emptyStartToNextMs: rounded(median(bare), 1),
		run: await runChild<RicRun>("run-under-ric.ts", [client, deployed]),
	};
}

async function startOnce(client: string, bundle: string): Promise<number> {
	await using started = await startUnderRic(client, bundle, { PATH: process.env["PATH"] });
	return started.startToNextMs;
}

/** The figures as lines; none of them is gated. */
export function toRicRows({ startToNextMs, emptyStartToNextMs, run }: Ric): Row[] {
	const { status, polls, invocations, invocationMs } = run;
	return [
		{ key: "ric.startToNextMs", value: startToNextMs, beside: `an empty handler ${emptyStartToNextMs} ms` },
		{
			key: "ric.run.invocationMs",
			value: invocationMs,
			beside: `median of ${invocations} invocations; ${polls} looks, ${status}`,
		},
	];
}

const RIC_VERSION = "4.0.2";

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
async function installRic(tell: (what: string) => void): Promise<string> {
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
