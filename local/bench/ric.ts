import { mkdir, mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildFunctions } from "../../infra/build.ts";
import { runChild } from "./process.ts";
import { installRic, RIC_VERSION } from "./ric-client.ts";
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
