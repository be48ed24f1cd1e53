import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { isRecord } from "../../lambda/domain/json.ts";
import { type Command, readCommand } from "./aws-cli.ts";
import { blocksOf, ROOT, spansOf } from "./blocks.ts";
import { type FakeAwsCli, openFakeAws, pathOf, Refused, type Reply } from "./fake-aws.ts";

const BLOCKS = blocksOf("docs/runbook.md");
const blockWith = (words: string): string => {
	const found = BLOCKS.filter((block) => block.includes(words));
	expect(found, `one block with ${words}`).toHaveLength(1);
	return found[0] ?? "";
};

const OUTPUTS: Readonly<Record<string, string>> = {
	SecretArn: "arn:aws:secretsmanager:us-east-1:123456789012:secret:keys-AbCdEf",
	WebhookSecretArn: "arn:aws:secretsmanager:us-east-1:123456789012:secret:hooks-AbCdEf",
	TriggerFunctionName: "trigger",
	FreshnessFunctionName: "freshness",
	SnapshotFunctionAliasArn: "arn:aws:lambda:us-east-1:123456789012:function:snapshot:live",
	UndeliveredQueueUrl: "https://sqs.us-east-1.amazonaws.com/123456789012/undelivered",
	NotStartedQueueUrl: "https://sqs.us-east-1.amazonaws.com/123456789012/not-started",
	FailedRunQueueUrl: "https://sqs.us-east-1.amazonaws.com/123456789012/failed",
};

const describeStacks = (outputs: Readonly<Record<string, string>>, { input }: Command): Reply => {
	if (input["StackName"] !== "AtlasSnapshots") throw new Refused("the stack does not exist");
	const listed = Object.entries(outputs).map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue }));
	return { Stacks: [{ StackName: "AtlasSnapshots", Outputs: listed }] };
};

const home = mkdtempSync(join(tmpdir(), "runbook-"));
afterAll(() => rmSync(home, { recursive: true }));

interface Ended {
	readonly code: number | null;
	readonly out: string;
	readonly err: string;
}

/** Runs a block in a new shell that knows nothing but the programs of the folder. */
async function paste(
	aws: FakeAwsCli,
	block: string,
	{
		input = "",
		env = {},
		path = aws.folder,
	}: { input?: string; env?: Readonly<Record<string, string>>; path?: string },
): Promise<Ended> {
	const shell = spawn(pathOf("bash"), ["--norc", "-c", block], {
		cwd: path === aws.folder ? home : ROOT,
		env: { PATH: path, TMPDIR: home, ...env },
	});
	// A block that reads nothing may have ended before.
	shell.stdin.on("error", () => {}).end(input);
	const ended = once(shell, "close");
	const [out, err] = await Promise.all([text(shell.stdout), text(shell.stderr)]);
	const [code] = await ended;
	return { code: typeof code === "number" ? code : null, out, err };
}

const FILES = ["jq", "mktemp", "rm"];

describe("the commands of the runbook", () => {
	test("are blocks that read outputs in the same way, each under -e and -u in a shell of its own", () => {
		const heads = new Set(BLOCKS.map((block) => block.slice(0, block.indexOf("OutputValue'"))));

		expect(BLOCKS.length).toBeGreaterThanOrEqual(8);
		expect([...heads]).toEqual([expect.stringMatching(/^\(\nset -eu\noutput\(\) \{ aws cloudformation /)]);
		for (const block of BLOCKS) {
			expect(block.endsWith("\n)\n")).toBe(true);
			// An interactive zsh knows no comments.
			expect(block).not.toMatch(/(^|\s)#/);
		}
	});

	test("write into files that nobody else can read, and remove them however they end", () => {
		const writing = BLOCKS.filter((block) => /mktemp|[^2&]>\s*["\w/]/.test(block.replaceAll(">/dev/null", "")));

		expect(writing).toHaveLength(2);
		for (const block of writing) expect(block).toMatch(/umask 077\nkeys=\$\(mktemp\)\ntrap 'rm -f "\$keys";/);
	});

	test("within sentences are commands of AWS CLI v2 too", () => {
		const spans = ["docs/runbook.md", "README.md"].flatMap((path) => spansOf(path, "aws"));

		expect(spans.length).toBeGreaterThan(0);
		for (const span of spans) {
			// The CLI's own, of no service's model: AWS CLI v2 reference, `configure export-credentials`.
			if (span === "aws configure export-credentials --format env") continue;
			expect(() => readCommand(span.split(/\s+/).slice(1)), span).not.toThrow();
		}
	});

	test.each([
		["sqs receive-message", "missing: --queue-url"],
		["sqs receive-message --queue-url x --wait-seconds 2", "unknown option --wait-seconds"],
		["sqs receive-message --queue-url x --wait-time-seconds soon", "must be a whole number"],
		["sqs receive-messages --queue-url x", "no command sqs receive-messages"],
		["lambda invoke --function-name f --payload {}", "0 arguments without an option"],
		["lambda list-durable-executions-by-function --statuses RUNNING", "missing: --function-name"],
		["secretsmanager put-secret-value --secret-string x", "missing: --secret-id"],
		["sqs purge-queue --queue-url", "--queue-url needs a value"],
	])("would be refused where wrong: aws %s", (command, why) => {
		expect(() => readCommand(command.split(" "))).toThrow(why);
	});
});

describe.each([
	["SecretArn", "client_secret", "mdb_sa_id_1\nmdb_sa_sk_\"\\'$(x) ü\n"],
	["WebhookSecretArn", "IFS= read -r value", '{"caller one": "whsec_x"}\n'],
])("the block that fills %s", (output, words, input) => {
	const block = blockWith(words);

	/** Runs it; every file that AWS CLI is given is looked at while it is there. */
	async function fill(refuse: boolean) {
		const modes: number[] = [];
		await using aws = await openFakeAws((command) => {
			if (command.operation === "DescribeStacks") return describeStacks(OUTPUTS, command);
			for (const name of readdirSync(home)) modes.push(statSync(join(home, name)).mode & 0o777);
			if (refuse) throw new Refused("AccessDeniedException");
			return { ARN: "arn", Name: "keys", VersionId: "1" };
		}, FILES);
		const ended = await paste(aws, `umask 000\n${block}`, { input });
		return { ...ended, modes, calls: aws.calls, left: readdirSync(home) };
	}

	test("puts what was typed in, through a file that nobody else can read and that is gone afterwards", async () => {
		const { code, err, out, modes, calls, left } = await fill(false);

		expect([code, err]).toEqual([0, ""]);
		const { SecretId, SecretString } = calls.at(-1)?.input ?? {};
		expect(SecretId).toBe(OUTPUTS[output]);
		const [clientId, clientSecret] = input.trimEnd().split("\n");
		expect(JSON.parse(String(SecretString))).toEqual(
			clientSecret === undefined ? JSON.parse(input) : { clientId, clientSecret },
		);
		expect(modes).toEqual([0o600]);
		expect(left).toEqual([]);
		expect(out).not.toContain("x)");
	});

	test("leaves no file where AWS refuses, and ends with an error", async () => {
		const { code, modes, left } = await fill(true);

		expect(code).toBe(254);
		expect(modes).toEqual([0o600]);
		expect(left).toEqual([]);
	});

	test("does nothing where the stack has no such output", async () => {
		await using aws = await openFakeAws((command) => describeStacks({}, command), FILES);

		expect((await paste(aws, block, { input })).code).not.toBe(0);
		expect(aws.calls).toHaveLength(1);
	});

	test("asks for nothing where the outputs can't be read", async () => {
		await using aws = await openFakeAws(() => {
			throw new Refused("AccessDenied");
		}, FILES);

		const { code, out } = await paste(aws, block, { input });

		expect(code).not.toBe(0);
		expect(out).toBe("");
	});
});

interface Message {
	readonly MessageId: string;
	readonly ReceiptHandle: string;
	readonly Body: string;
}

const event = (clusterName: string) => ({ source: "acme", detail: { clusters: [clusterName] } });
const message = (id: string, body: unknown): Message => ({
	MessageId: id,
	ReceiptHandle: `handle of "${id}"`,
	Body: typeof body === "string" ? body : JSON.stringify(body),
});

// Each message takes four processes, and the machine may have other work.
describe("the redrive loop", { timeout: 120_000 }, () => {
	const block = blockWith("redrive()");
	const { UndeliveredQueueUrl = "", NotStartedQueueUrl = "" } = OUTPUTS;

	/**
	 * Runs it over queues with no programs but `aws`, `jq` and `sleep`.
	 *
	 * @param hides whether a message that was received is hidden for a while, as SQS promises; without it the worst case
	 * is played, where each comes back at once
	 */
	async function redrive(
		queues: Record<string, Message[]>,
		{ hides = true, env = {}, lambda }: { hides?: boolean; env?: Record<string, string>; lambda?: () => Reply } = {},
	) {
		const sent: unknown[] = [];
		const hidden = new Set<string>();
		await using aws = await openFakeAws(
			(command) => {
				const { operation, input } = command;
				const queue = queues[String(input["QueueUrl"])] ?? [];
				switch (operation) {
					case "DescribeStacks":
						return describeStacks(OUTPUTS, command);
					case "ReceiveMessage": {
						const most = Number(input["MaxNumberOfMessages"] ?? 1);
						const Messages = queue.filter(({ MessageId }) => !hidden.has(MessageId)).slice(0, most);
						if (hides) for (const { MessageId } of Messages) hidden.add(MessageId);
						// The CLI prints nothing at all for an empty queue.
						return Messages.length > 0 ? { Messages } : undefined;
					}
					case "DeleteMessage": {
						const index = queue.findIndex(({ ReceiptHandle }) => ReceiptHandle === input["ReceiptHandle"]);
						if (index < 0) throw new Refused("ReceiptHandleIsInvalid");
						queue.splice(index, 1);
						return undefined;
					}
					default: {
						const body: unknown = JSON.parse(String(input["Payload"]));
						if (JSON.stringify(body).includes("denied")) throw new Refused("AccessDeniedException");
						sent.push(body);
						if (lambda) return lambda();
						if (!JSON.stringify(body).includes("wrong")) return { StatusCode: 200, payload: '{"run":"event-1"}' };
						const payload = '{"errorType":"EVENT_INVALID","errorMessage":"detail.clusters: must be a list"}';
						return { StatusCode: 200, FunctionError: "Unhandled", payload };
					}
				}
			},
			["jq"],
		);
		const ended = await paste(aws, block, { env });
		return { ...ended, sent, calls: aws.calls.length, left: Object.values(queues).flat() };
	}

	test("sends every message of both queues once and deletes it, whatever the names of its clusters", async () => {
		const names = ["prod a", 'q"uote', "back\\slash", "$(rm -rf /)", "ü 漢", "line\nbreak", "%s %d", "-n", "*"];
		const undelivered = names.map((name, index) => message(`m ${index}`.replace(" ", "-"), event(name)));
		const pretty = message("pretty", JSON.stringify(event("a\nb"), null, "\r\n\t"));
		const many = Array.from({ length: 25 }, (_, index) => message(`n-${index}`, event(`cluster ${index}`)));
		const bodies = [...undelivered, pretty, ...many].map(({ Body }) => JSON.parse(Body));

		const { code, err, sent, left } = await redrive({
			[UndeliveredQueueUrl]: [...undelivered, pretty],
			[NotStartedQueueUrl]: many,
		});

		expect([code, err]).toEqual([0, ""]);
		expect(sent).toEqual(bodies);
		expect(left).toEqual([]);
	});

	test.each([true, false])(
		"leaves what it cannot send, tells why, sends the others, and ends (received messages are hidden: %s)",
		async (hides) => {
			const bad = [
				message("refused", event("wrong")),
				message("denied", event("denied")),
				message("no-json", "file:///etc/passwd"),
				message("text", '"file:///etc/passwd"'),
				message("empty", ""),
			];
			const good = Array.from({ length: 7 }, (_, index) => message(`good-${index}`, event(`c${index}`)));
			const queue = [...bad, ...good];

			const { code, err, out, sent, left } = await redrive({ [NotStartedQueueUrl]: queue }, { hides });

			expect(code).toBe(0);
			expect(left.map(({ MessageId }) => MessageId).toSorted()).toEqual([
				"denied",
				"empty",
				"no-json",
				"refused",
				"text",
			]);
			expect(sent).toHaveLength(8);
			expect(err).toContain("detail.clusters: must be a list");
			expect(out).toMatch(/7 sent; stays:( (refused|denied|no-json|text|empty)){5} /);
		},
	);

	test("of an empty queue ends at once", async () => {
		const { code, out, calls } = await redrive({});

		expect(code).toBe(0);
		expect(out).toContain("0 sent");
		expect(calls).toBe(5);
	});

	test("takes the queue and the function that the shell already names", async () => {
		const env = { QUEUE_URL: NotStartedQueueUrl, TriggerFunctionName: "other" };
		const { left, calls } = await redrive(
			{ [NotStartedQueueUrl]: [message("a", event("a"))], [UndeliveredQueueUrl]: [message("b", event("b"))] },
			{ env },
		);

		expect(left.map(({ MessageId }) => MessageId)).toEqual(["b"]);
		expect(calls).toBe(4);
	});

	test("takes a function error for one whatever it returned beside it, and deletes nothing", async () => {
		const queue = [message("a", event("a"))];
		const { left } = await redrive(
			{ [NotStartedQueueUrl]: queue },
			{ lambda: () => ({ StatusCode: 200, FunctionError: "Unhandled", payload: '{"StatusCode":200}' }) },
		);

		expect(left).toHaveLength(1);
	});

	test("ends with an error where the queues can't be read", async () => {
		const { code, err } = await redrive({}, { env: { STACK: "Other" } });

		expect(code).not.toBe(0);
		expect(err).toContain("the stack does not exist");
	});
});

describe("the other blocks", () => {
	const versions = { Versions: [{ Version: "$LATEST" }, { Version: "1" }, { Version: "12" }] };
	const executions = ({ Qualifier }: Command["input"]) => ({
		DurableExecutions: Qualifier === "12" ? [{ DurableExecutionArn: "arn:1" }, { DurableExecutionArn: "arn:2" }] : [],
	});

	async function run(words: string, answers: Readonly<Record<string, (input: Command["input"]) => Reply | undefined>>) {
		await using aws = await openFakeAws(
			(command) => {
				if (command.operation === "DescribeStacks") return describeStacks(OUTPUTS, command);
				const answer = answers[command.operation];
				if (answer === undefined) throw new Refused(command.operation);
				return answer(command.input);
			},
			["jq"],
		);
		return { ...(await paste(aws, blockWith(words), {})), calls: aws.calls };
	}

	test("show the failed runs and take none away", async () => {
		const { code, out, calls } = await run("fromjson? // .", {
			ReceiveMessage: () => ({ Messages: [message("a", { run: "http-1" }), message("b", "no JSON")] }),
		});

		expect(code).toBe(0);
		expect(out).toBe('{\n  "run": "http-1"\n}\n"no JSON"\n');
		expect(calls.at(-1)?.input).toMatchObject({ QueueUrl: OUTPUTS["FailedRunQueueUrl"], VisibilityTimeout: 0 });
		expect((await run("fromjson? // .", { ReceiveMessage: () => undefined })).code).toBe(0);
	});

	test("empty the queue of failed runs, and no other", async () => {
		const { code, calls } = await run("purge-queue", { PurgeQueue: () => undefined });

		expect(code).toBe(0);
		expect(calls.at(-1)).toMatchObject({
			operation: "PurgeQueue",
			input: { QueueUrl: OUTPUTS["FailedRunQueueUrl"] },
		});
	});

	test("count the running executions of each version", async () => {
		const { code, out } = await run("running\"'", {
			ListVersionsByFunction: () => versions,
			ListDurableExecutionsByFunction: executions,
		});

		expect([code, out]).toEqual([0, "version 1: 0 running\nversion 12: 2 running\n"]);
	});

	test("stop the running executions of every version", async () => {
		const { code, calls } = await run("stop-durable-execution", {
			ListVersionsByFunction: () => versions,
			ListDurableExecutionsByFunction: executions,
			StopDurableExecution: () => ({ StopTimestamp: 0 }),
		});
		const stopped = calls.filter(({ operation }) => operation === "StopDurableExecution");

		expect(code).toBe(0);
		expect(stopped.map(({ input }) => input["DurableExecutionArn"])).toEqual(["arn:1", "arn:2"]);
	});

	test.each([
		[true, "good", 0],
		[false, "bad", 1],
	])("ask the deployed doctor: healthy %s", async (healthy, verdict, ending) => {
		const lines = [{ check: "key", verdict, message: "what it says" }];
		const { code, out, calls } = await run("doctor", {
			Invoke: () => ({ StatusCode: 200, payload: JSON.stringify({ healthy, lines }) }),
		});

		expect([code, out]).toEqual([ending, `${verdict} key: what it says\n${healthy}\n`]);
		expect(calls.at(-1)?.input).toEqual({ FunctionName: "freshness", Payload: '{"doctor": true}' });
	});

	test("tell why the deployed doctor could not look", async () => {
		const { code, out } = await run("doctor", {
			Invoke: () => ({ StatusCode: 200, FunctionError: "Unhandled", payload: '{"errorMessage":"CONFIG_INVALID"}' }),
		});

		expect([code, out]).toEqual([1, "CONFIG_INVALID\nfalse\n"]);
	});

	test("take a first snapshot over HTTP and wait for its end", async () => {
		const asked: unknown[] = [];
		const server = createServer((request, response) => {
			asked.push(`${request.method} ${request.url}`);
			response.writeHead(request.method === "POST" ? 202 : 200, { location: "/snapshots/r", "retry-after": "0" });
			response.end(JSON.stringify({ run: "r", status: "SUCCEEDED", targets: [] }));
		});
		server.listen(0, "127.0.0.1");
		await once(server, "listening");
		const ApiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
		await using aws = await openFakeAws((command) => describeStacks({ ApiUrl }, command), ["jq"]);
		const path = `${aws.folder}:${process.env["PATH"]}`;

		const { code, out } = await paste(aws, blockWith("take-and-wait.sh"), { path });
		server.close();

		expect([code, out]).toEqual([0, expect.stringContaining("SUCCEEDED")]);
		expect(asked).toEqual(["POST /snapshots", "GET /snapshots/r"]);
	});
});

describe("the commands of npm in README and documents", () => {
	const { scripts, devDependencies }: { scripts: Record<string, string>; devDependencies: object } = JSON.parse(
		readFileSync(`${ROOT}package.json`, "utf8"),
	);
	const documents = ["README.md", ...readdirSync(`${ROOT}docs`).map((name) => `docs/${name}`)].filter((path) =>
		path.endsWith(".md"),
	);
	const blocks = documents.flatMap((path) => blocksOf(path)).flatMap((block) => block.split(/\n|&&/));
	const commands = [...documents.flatMap((path) => spansOf(path, "npm")).flatMap((span) => span.split("&&")), ...blocks]
		.map((command) => command.trim())
		.filter((command) => command.startsWith("npm "));

	test("name scripts of package.json, and flags that their --help names", async () => {
		expect(commands.length).toBeGreaterThan(15);
		for (const command of new Set(commands)) {
			const [, words = "", flags = ""] = /^npm (.*?)(?: -- (.*))?$/.exec(command) ?? [];
			const name = words.replace("--silent", "").trim().replace(/^run /, "");
			if (["ci", "pack"].includes(name) || name.startsWith("install ")) continue;
			expect(scripts, command).toHaveProperty(name);
			const named = flags.match(/--[a-z-]+/g) ?? [];
			if (named.length === 0) continue;
			const [, ...args] = scripts[name]?.split(" ") ?? [];
			const { stdout } = await promisify(execFile)(process.execPath, [...args, "--help"], { cwd: ROOT });
			for (const flag of named) expect(stdout.split(/[\s,[\]]+/), command).toContain(flag);
		}
	}, 60_000);

	test("run the CDK's own command, which is installed", () => {
		expect(isRecord(devDependencies) && devDependencies["aws-cdk"]).toBeTruthy();
		const cdk = documents.flatMap((path) => spansOf(path, "npx")).map((span) => span.split(" ")[1]);
		expect(new Set(cdk)).toEqual(new Set(["cdk"]));
	});
});
