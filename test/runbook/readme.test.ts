import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, normalize } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { readSettings } from "../../infra/settings/settings.ts";
import { readSnapshotRequest } from "../../lambda/domain/request.ts";
import { startAtlas } from "../../local/atlas/index.ts";
import { blocksOf, ROOT } from "./blocks.ts";
import { pathOf } from "./fake-aws.ts";

const read = (path: string) => readFileSync(`${ROOT}${path}`, "utf8");
const README = read("README.md");
const LONG_MS = 120_000;
const run = promisify(execFile);

/** Their own tests run these; here it is enough that they are called as those do. */
const ELSEWHERE = /^npm (ci|test|run synth)$|^npx cdk deploy$/;

const folder = mkdtempSync(join(tmpdir(), "atlas-snapshots-"));
afterAll(() => rmSync(folder, { recursive: true }));
for (const program of ["npm", "npx"]) {
	const shim = `#!/bin/bash\nif [[ "${program} $*" =~ ${ELSEWHERE.source.replaceAll(" ", "\\ ")} ]]; then echo "${program} $*" >>"${folder}/called"; else exec "${pathOf(program)}" "$@"; fi\n`;
	writeFileSync(join(folder, program), shim);
	chmodSync(join(folder, program), 0o755);
}

/** Pastes a block into a shell in the repository's folder. Rejects where it ends with another code than 0. */
async function paste(block: string) {
	rmSync(join(folder, "called"), { force: true });
	const env = { ...process.env, NO_COLOR: "1", PATH: `${folder}${delimiter}${process.env["PATH"]}` };
	const { stdout } = await run(pathOf("bash"), ["-euc", block], { cwd: ROOT, env, timeout: LONG_MS });
	const called = existsSync(join(folder, "called")) ? readFileSync(join(folder, "called"), "utf8") : "";
	return { stdout, called: called.trimEnd().split("\n") };
}

const blockWith = (path: string, words: string): string => {
	const found = blocksOf(path).filter((block) => block.includes(words));
	expect(found, `one block with ${words}`).toHaveLength(1);
	return found[0] ?? "";
};

/**
 * What differs from run to run: times, ports, digits of names. The order of two clusters is as it happens, and whether a
 * poll falls between the start of a snapshot and its end.
 */
const alike = (text: string): string[] =>
	text
		.trim()
		.split("\n")
		.filter((line) => !line.includes("Atlas says inProgress"))
		.map((line) =>
			line
				.replace(/^ +\d+\.\d s/, "TIME")
				.replaceAll(/\d{4}-\d\d-\d\dT[\d:]+Z/g, "DATE")
				.replaceAll(/[0-9a-f]{24,32}|[0-9a-f]{8}(?=…)/g, "ID")
				.replaceAll(/:\d{4,5}\b/g, ":PORT")
				.replaceAll(/\b\d+ s\b */g, "SECONDS "),
		)
		.toSorted();

describe("the commands of README and of examples/events", { timeout: LONG_MS }, () => {
	test("npm start prints what README shows", async () => {
		const [shown = ""] = blocksOf("README.md", "text");
		const { stdout, called } = await paste(
			blockWith("README.md", "npm ci && npm start").replace("start", "start --silent"),
		);

		expect(alike(stdout)).toEqual(alike(shown));
		expect(called).toEqual(["npm ci"]);
	});

	test("the tests and the deploy are called as they are elsewhere", async () => {
		expect((await paste(blockWith("README.md", "npm test"))).called).toEqual(["npm ci", "npm test"]);
		expect((await paste(blockWith("README.md", "cdk deploy"))).called).toEqual([
			"npm ci",
			"npm run synth",
			"npx cdk deploy",
		]);
	});

	test("a snapshot is taken in another Atlas, with the keys of the environment", async () => {
		await using atlas = await startAtlas({ snapshotSeconds: 1 });
		const block = blockWith("README.md", "--atlas-url")
			.replace("mdb_sa_id_…", atlas.clientId)
			.replace("mdb_sa_sk_…", atlas.clientSecret)
			.replace("https://cloud.mongodb.com", `${atlas.url} --poll-seconds 1`)
			.replace("32b6e34b3d91647abb20e7b8", atlas.projectId);

		expect((await paste(block)).stdout).toMatch(/│ prod-a +│ COMPLETED/);
	});

	test.each(blocksOf("examples/events/README.md"))("%s", async (block) => {
		expect((await paste(block)).stdout).toMatch(/│ prod-[ab] +│ COMPLETED/);
	});
});

describe("README", () => {
	test("has at most 220 lines", () => {
		expect(README.trimEnd().split("\n").length).toBeLessThanOrEqual(220);
	});

	test("has settings and a request that are accepted", () => {
		const [settings, request] = blocksOf("README.md", "json").map((block): unknown => JSON.parse(block));

		expect(readSettings(settings, {}).schedules).toHaveLength(1);
		expect(readSnapshotRequest(request)).toMatchObject({ clusters: ["prod-a", "prod-b"] });
	});

	test("has figures of docs/performance.md", () => {
		const performance = read("docs/performance.md");
		const [, atRest, withNat] = /^\| 2 \| ([\d.]+) \|[^|]*\| ([\d.]+) \|$/m.exec(performance) ?? [];
		const [, per1000] = /`cost\.per1000Snapshots` \| ([\d.]+)/.exec(performance) ?? [];
		const [, share] = /`follow\.hour\.delayShare` \| ([\d.]+)/.exec(performance) ?? [];

		expect(README).toContain(`${atRest} US$ a month at rest with two named clusters, ${withNat} with fixed addresses`);
		expect(README).toContain(`${Number(per1000).toFixed(2)} US$ for 1,000`);
		expect(Number(share)).toBeLessThanOrEqual(0.1);
	});
});

/** As GitHub makes them of headings. */
const anchorOf = (heading: string) =>
	heading
		.toLowerCase()
		.replaceAll(/[^\p{L}\p{N} _-]/gu, "")
		.replaceAll(" ", "-");

const DOCUMENTS = [
	"README.md",
	"SECURITY.md",
	"CONTRIBUTING.md",
	"local/atlas/README.md",
	"docs/",
	"examples/events/",
].flatMap((path) =>
	path.endsWith("/")
		? readdirSync(`${ROOT}${path}`)
				.filter((name) => name.endsWith(".md"))
				.map((name) => `${path}${name}`)
		: [path],
);

test.each(DOCUMENTS)("%s links to files and sections that are there", (path) => {
	const links = [...read(path).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)];
	for (const [link, file = "", section] of links) {
		const target = normalize(join(file === "" ? path : join(dirname(path), file)));
		expect(existsSync(`${ROOT}${target}`), link).toBe(true);
		if (section === undefined) continue;
		const headings = [...read(target).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => anchorOf(heading));
		expect(headings, link).toContain(section);
	}
});

test.each(DOCUMENTS)("%s names files and folders that are there", (path) => {
	const named = [...read(path).matchAll(/`((?:lambda|infra|local|test|docs|examples)\/[\w./-]+)`/g)];
	for (const [, place = ""] of named) expect(existsSync(`${ROOT}${place}`), place).toBe(true);
});

test("docs/architecture.md names every folder of code", () => {
	const architecture = read("docs/architecture.md");
	for (const root of ["lambda", "infra", "local"]) {
		const folders = readdirSync(`${ROOT}${root}`, { withFileTypes: true }).filter((entry) => entry.isDirectory());
		for (const { name } of folders) expect(architecture, `${root}/${name}`).toMatch(new RegExp(`\\b${name}/`));
	}
});

test("docs/README.md names every document", () => {
	const index = read("docs/README.md");
	for (const name of readdirSync(`${ROOT}docs`).filter((each) => /\.(md|json)$/.test(each) && each !== "README.md")) {
		expect(index).toContain(`](${name}`);
	}
});
