import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import manifest from "../../../package.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const COMMANDS = ["start", "atlas", "doctor", "faults", "fleet", "bench"] as const;

/** Calls a script of package.json with Node, as npm does. */
function call(script: (typeof COMMANDS)[number], ...args: string[]) {
	const command = manifest.scripts[script].split(" ").slice(1);
	return new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
		execFile(process.execPath, [...command, ...args], { cwd: ROOT }, (error, out, err) =>
			resolve({ code: error?.code ?? 0, out, err }),
		);
	});
}

test.concurrent.each(COMMANDS)(
	"npm run %s -- --help and -h say how it is called, on standard output, and end with 0",
	async (script) => {
		const [long, short] = await Promise.all([call(script, "--help"), call(script, "-h")]);

		expect(long).toMatchObject({ code: 0, err: "" });
		expect(long.out).toMatch(new RegExp(`^npm (run )?${script} `));
		expect(long.out).toContain("--help, -h");
		expect(long.out).toMatch(/exit code: 0 /);
		expect(short).toEqual(long);
	},
);

test.concurrent.each(COMMANDS)(
	"npm run %s with a flag that it does not know ends with 2, and no stack",
	async (script) => {
		const { code, out, err } = await call(script, "--frobnicate");

		expect([code, out]).toEqual([2, ""]);
		expect(err).not.toMatch(/^\s+at /m);
		expect(err).not.toBe("");
	},
);
