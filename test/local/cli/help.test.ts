import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import manifest from "../../../package.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const COMMANDS = [
	"start",
	"atlas",
	"doctor",
	"faults",
	"fleet",
	"bench",
	"mutants",
	"mutation",
	"cost",
	"docs",
	"build",
] as const;

/** Calls a script of package.json with Node, as npm does. */
function call(script: (typeof COMMANDS)[number], ...args: string[]) {
	const command = manifest.scripts[script].split(" ").slice(1);
	return new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
		execFile(process.execPath, [...command, ...args], { cwd: ROOT }, (error, out, err) =>
			resolve({ code: error?.code ?? 0, out, err }),
		);
	});
}

test.each(COMMANDS)(
	"npm run %s -- --help and -h say how it is called, on standard output, within 80 columns, and end with 0",
	async (script) => {
		const [long, short] = await Promise.all([call(script, "--help"), call(script, "-h")]);

		expect(long).toMatchObject({ code: 0, err: "" });
		expect(long.out).toMatch(new RegExp(`^npm (run )?${script} `));
		expect(long.out).toContain("--help, -h");
		expect(long.out).toMatch(/exit code: 0 /);
		expect(Math.max(...long.out.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(80);
		expect(short).toEqual(long);
	},
);

test.each(COMMANDS)(
	"npm run %s with a flag that it does not know names it, ends with 2, and prints one line",
	async (script) => {
		const { code, out, err } = await call(script, "--frobnicate", "--constructor");

		expect([code, out]).toEqual([2, ""]);
		expect(err).toBe("--frobnicate is not known; --constructor is not known; --help names every flag\n");
	},
);
