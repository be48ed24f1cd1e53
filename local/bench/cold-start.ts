import { execFile } from "node:child_process";
import { readdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Bundles } from "../../infra/constructs/props.ts";
import { bundleNaively } from "./naive-bundle.ts";
import { median, rounded } from "./statistics.ts";

interface Start {
	/** (deployed − bare) ÷ (naive − bare). */
	readonly ratioToNaive: number;
	/** The same, beside a naive bundle with no dependency but those that this handler imports. */
	readonly ratioToOwnNaive: number;
	/** Milliseconds beyond a bare node. */
	readonly ms: number;
	readonly naiveMs: number;
	readonly kilobytes: number;
	readonly naiveKilobytes: number;
}

export interface ColdStart {
	/** Milliseconds until a bare node is at work. */
	readonly emptyMs: number;
	readonly snapshot: Start;
	readonly trigger: Start;
}

/** The bundles that the stack deploys beside naive ones. @param folder for the naive ones */
export async function coldStart(deployed: Bundles, folder: string, repetitions: number): Promise<ColdStart> {
	const variants = {
		snapshot: join(deployed.snapshot, "index.mjs"),
		trigger: join(deployed.trigger, "index.mjs"),
		snapshotAll: await bundleNaively("snapshot", folder, "all"),
		triggerAll: await bundleNaively("trigger", folder, "all"),
		snapshotOwn: await bundleNaively("snapshot", folder, "own"),
		triggerOwn: await bundleNaively("trigger", folder, "own"),
	};
	const probe = join(folder, "probe.mjs");
	await writeFile(probe, PROBE);
	const { bare, beyond } = await measure(probe, variants, repetitions);
	const start = async (name: "snapshot" | "trigger"): Promise<Start> => {
		const [all, own] = [`${name}All`, `${name}Own`] as const;
		const ratioTo = (naive: typeof all | typeof own) =>
			rounded(median(beyond[name].map((ms, i) => ms / (beyond[naive][i] ?? 0))));
		return {
			ratioToNaive: ratioTo(all),
			ratioToOwnNaive: ratioTo(own),
			ms: rounded(median(beyond[name]), 1),
			naiveMs: rounded(median(beyond[all]), 1),
			kilobytes: await kilobytes(dirname(variants[name])),
			naiveKilobytes: Math.round((await stat(variants[all])).size / 1000),
		};
	};
	return {
		emptyMs: rounded(median(bare), 1),
		snapshot: await start("snapshot"),
		trigger: await start("trigger"),
	};
}

/**
 * A fresh process that imports one file, or none, and tells the milliseconds since it began. Plain JavaScript: to read
 * TypeScript, Node would load more than a bundle needs.
 */
const PROBE = `
const [, , file] = process.argv;
if (file !== undefined) await import(file);
process.stdout.write(String(performance.now()));
process.exit(0);
`;
const run = promisify(execFile);

/** Starts each variant once a round, in an order that moves on, so that what else the machine does meets them alike. */
async function measure<Name extends string>(
	probe: string,
	variants: Readonly<Record<Name, string>>,
	repetitions: number,
) {
	const names = Object.keys(variants) as Name[];
	const bare: number[] = [];
	const beyond = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>;
	for (let round = 0; round < repetitions; round++) {
		const times = new Map<Name | "bare", number>();
		const order: (Name | "bare")[] = ["bare", ...names];
		for (let i = 0; i < order.length; i++) {
			const name = order[(i + round) % order.length] ?? "bare";
			const args = name === "bare" ? [probe] : [probe, variants[name]];
			const { stdout } = await run(process.execPath, args, { env: { PATH: process.env["PATH"] } });
			times.set(name, Number(stdout));
		}
		const empty = times.get("bare") ?? 0;
		bare.push(empty);
		for (const name of names) beyond[name].push((times.get(name) ?? 0) - empty);
	}
	return { bare, beyond };
}

async function kilobytes(folder: string): Promise<number> {
	const files = await readdir(folder);
	const sizes = await Promise.all(files.map(async (file) => (await stat(join(folder, file))).size));
	return Math.round(sizes.reduce((sum, size) => sum + size, 0) / 1000);
}
