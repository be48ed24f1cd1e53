import { execFile, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { verifyWebhook } from "../../lambda/triggers/http/webhook-signature.ts";
import { startServer } from "../harness/loopback.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const WAIT = `${ROOT}examples/take-and-wait.sh`;
const HOOK = `${ROOT}examples/signed-hook.sh`;
const KEYS = {
	AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
	AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG",
	AWS_REGION: "us-east-1",
};
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const RUN = "http-0123456789abcdef0123456789abcdef";
/** The scripts need both. */
const able = ["curl", "openssl"].every((tool) => spawnSync(tool, ["version"]).error === undefined);

/** For a busy machine: of a test with several calls, and of one call. */
const LONG_MS = 180_000;
const CALL_MS = 60_000;

const run = promisify(execFile);

async function call(script: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
	const options = { env: { PATH: process.env["PATH"] ?? "", ...env }, timeout: CALL_MS };
	return run("bash", [script, ...args], options).then(
		({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
		({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, stdout, stderr }),
	);
}

describe.skipIf(!able)("the clients, against npm start -- --serve --iam", { timeout: LONG_MS }, () => {
	const served = { url: "", request: "" };
	let stop: () => Promise<void>;

	beforeAll(async () => {
		const child = spawn(process.execPath, ["local/start.ts", "--serve", "--port", "0", "--iam"], {
			cwd: ROOT,
			// Without variables that other tests of this process have set.
			env: { PATH: process.env["PATH"], ...KEYS, WEBHOOK_SECRETS: SECRET },
			stdio: ["ignore", "pipe", "inherit"],
		});
		stop = async () => {
			child.kill("SIGTERM");
			if (child.exitCode === null) await once(child, "exit");
		};
		for await (const line of createInterface({ input: child.stdout })) {
			served.url = /listens at (http:\S+)/.exec(line)?.[1] ?? served.url;
			served.request = / -d '(.+)'/.exec(line)?.[1] ?? served.request;
			if (served.request !== "") break;
		}
		child.stdout.resume();
	}, LONG_MS);

	afterAll(() => stop(), LONG_MS);

	test("a pipeline takes a snapshot, waits for its end and goes on", async () => {
		const { code, stdout } = await call(WAIT, [served.url, served.request, "release 42"], KEYS);

		expect(stdout).toMatch(
			/^run http:\S+\/snapshots\/http-[0-9a-f]{32}\n(RUNNING \S+=PENDING \n)*(RUNNING \S+=STARTED \n)*(RUNNING \S+=COMPLETED \n)*SUCCEEDED \S+=COMPLETED \n$/,
		);
		expect(code).toBe(0);
	});

	test("a pipeline stops where Atlas refuses, and shows the reason", async () => {
		const request = served.request.replace(/"clusters":\[.*\]/, '"clusters":["no-such-cluster"]');

		const { code, stderr } = await call(WAIT, [served.url, request], KEYS);

		expect(code).toBe(1);
		expect(stderr).toContain("CLUSTER_NOT_FOUND");
	});

	test("a request that is signed with a wrong key, or not at all, is a wrong call", async () => {
		const wrong = await call(WAIT, [served.url, served.request], { ...KEYS, AWS_SECRET_ACCESS_KEY: "wrong" });
		const none = await call(WAIT, [served.url, served.request]);

		expect([wrong.code, none.code]).toEqual([2, 2]);
		expect(wrong.stderr).toContain("HTTP 403");
	});

	test("a signed hook is accepted, and one that is signed with another key is not", async () => {
		const signed = await call(HOOK, [served.url, served.request, "msg_1"], { WEBHOOK_SECRET: SECRET });
		const forged = await call(HOOK, [served.url, served.request, "msg_1"], {
			WEBHOOK_SECRET: SECRET.replace("Mf", "Mg"),
		});

		expect(signed).toMatchObject({ code: 0, stdout: expect.stringContaining('"status":"RUNNING"') });
		expect(forged).toMatchObject({ code: 22, stdout: expect.stringContaining("signature-invalid") });
	});
});

type Reply = readonly [status: number, body: object, headers?: Readonly<Record<string, string>>];

describe.skipIf(!able)("take-and-wait.sh", { timeout: LONG_MS }, () => {
	const accepted: Reply = [202, { run: RUN, status: "RUNNING", targets: [] }, { location: `/prod/snapshots/${RUN}` }];
	const status = (state: string): Reply => [
		200,
		{ run: RUN, status: state, targets: [{ projectId: "x", clusterName: "a", state: "STARTED" }] },
	];

	/** Sends the replies one after the other, without pauses; a status of 0 breaks the connection. */
	async function against(replies: readonly Reply[], args: readonly string[] = ["{}"], env = {}) {
		const remaining = [...replies];
		const requests: string[] = [];
		const keys: unknown[] = [];
		const bodies: string[] = [];
		await using server = await startServer(async (request, response) => {
			// curl stops sending at an early reply, so the whole body is read first.
			bodies.push(await text(request));
			requests.push(`${request.method} ${request.url}`);
			if (request.method === "POST") keys.push(request.headers["idempotency-key"]);
			const [code, body, headers] = remaining.shift() ?? [599, {}];
			if (code === 0) return response.destroy();
			response.writeHead(code, { "content-type": "application/json", "retry-after": "0", ...headers });
			return response.end(JSON.stringify(body));
		});
		const ended = await call(WAIT, [`${server.url}/prod/`, ...args], env);
		return { ...ended, requests, keys, bodies };
	}

	test("polls the location of the reply until the run has ended", async () => {
		const { code, requests } = await against([accepted, status("RUNNING"), status("RUNNING"), status("SUCCEEDED")]);

		expect(code).toBe(0);
		expect(requests).toEqual(["POST /prod/snapshots", ...Array(3).fill(`GET /prod/snapshots/${RUN}`)]);
	});

	test("fails where the run failed", async () => {
		const { code, stderr } = await against([accepted, status("FAILED")]);

		expect(code).toBe(1);
		expect(stderr).toContain("not every snapshot is completed or skipped");
	});

	test("sends the same key again when a reply is lost or an error", async () => {
		const lost: Reply = [0, {}];
		// Without a Retry-After, as where the connection broke, it would pause for real.
		const { code, keys } = await against([
			[503, {}],
			[429, {}],
			[502, {}],
			accepted,
			[503, {}],
			[404, {}],
			status("SUCCEEDED"),
		]);
		const broken = await against([lost], ["{}"], { WAIT_MINUTES: "0" });

		expect(code).toBe(0);
		expect(new Set(keys).size).toBe(1);
		expect(String(keys[0])).toMatch(/^[0-9a-f]{32}$/);
		expect(broken.code).toBe(1);
	});

	test("distinguishes a wrong call from a refused snapshot", async () => {
		const problem = (kind: string) => ({ type: `urn:atlas-snapshots:problem:${kind}` });

		expect((await against([[400, problem("request-invalid")]])).code).toBe(2);
		expect((await against([[422, problem("run-name-taken")]])).code).toBe(2);
		expect((await against([[422, problem("atlas-refused")]])).code).toBe(1);
		expect((await against([[503, problem("atlas-refused")]])).code).toBe(1);
		expect((await call(WAIT, ["http://127.0.0.1:9"])).code).toBe(2);
	});

	test("sends a request that begins with @ unchanged, not the file of this name", async () => {
		const { bodies } = await against([[400, {}]], [`@${WAIT}`]);

		expect(bodies.join("")).toBe(`@${WAIT}`);
	});

	test("sends its signed reads to no other origin than the given one", async () => {
		const elsewhere: string[] = [];
		await using other = await startServer((request, response) => {
			elsewhere.push(String(request.url));
			response.end(JSON.stringify(status("SUCCEEDED")[1]));
		});
		const { port } = new URL(other.url);
		const places = [
			`http://127.0.0.1:${port}/snapshots/${RUN}`,
			`http://localhost:${port}/snapshots/${RUN}`,
			`//127.0.0.1:${port}/snapshots/${RUN}`,
			`HTTP://127.0.0.1:${port}/`,
			`@127.0.0.1:${port}/`,
			`:${port}/`,
			"file:///etc/hostname",
			"-K/etc/hostname",
			"",
		];

		for (const location of places) {
			const { code, stderr, requests } = await against([[202, {}, { location }]]);

			expect([location, code, requests.length]).toEqual([location, 1, 1]);
			expect(stderr).toContain("is not on http://127.0.0.1:");
		}
		expect(elsewhere).toEqual([]);
	});

	test.each(["9", "09", "18446744073709551615", "99999999999999999999"])(
		"gives up after WAIT_MINUTES, and reports that the run goes on, if Retry-After is %s",
		async (seconds) => {
			const { code, stderr } = await against([accepted, [200, {}, { "retry-after": seconds }]], ["{}"], {
				WAIT_MINUTES: "0",
			});

			expect(code).toBe(1);
			expect(stderr).toContain("the run goes on");
		},
	);
});

describe.skipIf(!able)("signed-hook.sh", { timeout: LONG_MS }, () => {
	test("promise 7: the key is on no command line and in no environment of the programs that it calls", async () => {
		const folder = await mkdtemp(join(tmpdir(), "atlas-snapshots-"));
		for (const tool of ["curl", "openssl", "od", "date"]) {
			const real = spawnSync("bash", ["-c", `command -v ${tool}`], { encoding: "utf8" }).stdout.trim();
			// Records what every user of the machine can see of a process, and its environment.
			const spy = `#!/bin/bash\n{ printf '%s\\n' "$0" "$@"; env; } >>"${folder}/seen"\nexec ${real} "$@"\n`;
			await writeFile(join(folder, tool), spy, { mode: 0o755 });
		}
		const received: { headers: IncomingHttpHeaders; body: string }[] = [];
		await using server = await startServer(async (request, response) => {
			received.push({ headers: request.headers, body: await text(request) });
			response.end("{}");
		});

		for (const bytes of [24, 32, 33, 64]) {
			const key = randomBytes(bytes);
			key[3] = 0;
			const env = { PATH: `${folder}:${process.env["PATH"]}`, WEBHOOK_SECRET: `whsec_${key.toString("base64")}` };
			const request = bytes === 32 ? `@${HOOK}` : '{"clusters":["é"]}\n';

			const { code } = await call(HOOK, [server.url, request, "msg 1"], env);

			const { headers = {}, body = "" } = received.at(-1) ?? {};
			const named = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
			expect([code, body]).toEqual([0, request]);
			const keys = [{ caller: "default", key }];
			expect(verifyWebhook(named, Buffer.from(body), keys, Date.now())).toBe("default");
			const seen = await readFile(join(folder, "seen"), "latin1");
			expect(seen).toContain("webhook-signature: v1,");
			for (const form of ["base64", "hex", "latin1"] as const) expect(seen).not.toContain(key.toString(form));
		}
		await rm(folder, { recursive: true });
	});
});

test("the workflow runs the script from the path in its comment, and deploys to an environment", async () => {
	const workflow = await readFile(`${ROOT}examples/github-actions.yml`, "utf8");
	const place = /take-and-wait\.sh to (\S+);/.exec(workflow)?.[1];

	expect(workflow).toContain(`run: bash ${place} `);
	expect(workflow.slice(workflow.indexOf("\n  deploy:\n"))).toMatch(
		/^\n {2}deploy:\n {4}needs: snapshot\n(?:.*\n)? {4}environment: \w+\n/,
	);
});
