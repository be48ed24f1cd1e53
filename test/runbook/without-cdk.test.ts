import { execFile } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { unzipSync } from "fflate";
import { expect, test } from "vitest";
import type { Command } from "./aws-cli.ts";
import { blocksOf, ROOT } from "./blocks.ts";
import { openFakeAws, pathOf, Refused } from "./fake-aws.ts";

const DOCUMENT = "docs/without-cdk.md";

/** A bucket and CloudFormation, as far as the commands use them. */
class Account {
	readonly objects = new Map<string, Uint8Array>();
	/** Archives that the functions of the deployed stack are made of. */
	readonly functions: Uint8Array[] = [];

	answer({ operation, input }: Command): undefined {
		if (operation === "Copy") this.#copy(String(input["source"]), String(input["destination"]));
		else if (operation === "Deploy") this.#deploy(input);
		else throw new Refused(operation);
	}

	#copy(source: string, destination: string): void {
		for (const file of readdirSync(join(ROOT, source))) {
			this.objects.set(`${destination.replace("s3://", "")}${file}`, readFileSync(join(ROOT, source, file)));
		}
	}

	#deploy(input: Command["input"]): void {
		const path = join(ROOT, String(input["TemplateFile"]));
		const { Parameters, Resources } = JSON.parse(readFileSync(path, "utf8"));
		if (statSync(path).size > 51_200 && !input["S3Bucket"]) throw new Refused("the template is too large");
		if (!String(input["Capabilities"]).includes("CAPABILITY_IAM"))
			throw new Refused("InsufficientCapabilitiesException");
		const given = Object.fromEntries((input["ParameterOverrides"] as string[]).map((text) => text.split("=")));
		for (const [name, value] of Object.entries<string>(given)) {
			if (!new RegExp(Parameters[name]?.AllowedPattern ?? "$.").test(value)) throw new Refused(`parameter ${name}`);
		}
		const fill = (text: string) =>
			text.replaceAll(/\$\{(\w+)\}/g, (_, name) => given[name] ?? Parameters[name].Default);
		for (const { Type, Properties } of Object.values<{ Type: string; Properties: { Code: Code } }>(Resources)) {
			if (Type !== "AWS::Lambda::Function") continue;
			const { S3Bucket, S3Key } = Properties.Code;
			const code = this.objects.get(`${fill(S3Bucket["Fn::Sub"])}/${fill(S3Key["Fn::Sub"])}`);
			if (code === undefined) throw new Refused("S3 Error Code: NoSuchKey");
			this.functions.push(code);
		}
	}
}

type Code = Readonly<Record<"S3Bucket" | "S3Key", { readonly "Fn::Sub": string }>>;

test("the three commands write a release, upload it and deploy a stack whose functions' code is all there", {
	timeout: 180_000,
}, async () => {
	const account = new Account();
	await using aws = await openFakeAws((command) => account.answer(command), []);
	const [block = ""] = blocksOf(DOCUMENT);
	const env = { PATH: `${aws.folder}:${process.env["PATH"]}`, BUCKET: "my-artifacts" };
	await promisify(execFile)(pathOf("bash"), ["--norc", "-c", block], { cwd: ROOT, env });

	expect(block.match(/^(npm|aws) /gm)).toHaveLength(3);
	expect(account.functions).toHaveLength(3);
	for (const code of account.functions) {
		const files = unzipSync(code);
		expect(Object.keys(files)).toEqual(expect.arrayContaining(["index.mjs", "THIRD-PARTY-LICENSES.txt"]));
		expect(Buffer.from(files["index.mjs"] ?? []).toString()).toContain("handler");
		expect(modesIn(code)).toEqual(Object.keys(files).map(() => 0o100644));
	}
});

test("the Terraform example names the template's parameters, and outputs that the stack has", () => {
	const [hcl = ""] = blocksOf(DOCUMENT, "hcl");
	const { Parameters, Outputs } = JSON.parse(readFileSync(join(ROOT, "dist/release/template.json"), "utf8"));
	const [, parameters = ""] = /parameters = \{(.*?)\}/s.exec(hcl) ?? [];
	const outputs = readFileSync(join(ROOT, DOCUMENT), "utf8").matchAll(/\["(\w+(?:Name|Arn))"\]/g);

	expect([...parameters.matchAll(/(\w+) =/g)].map(([, name]) => name)).toEqual(Object.keys(Parameters));
	expect(Object.keys(Outputs)).toEqual(expect.arrayContaining([...outputs].map(([, name]) => name)));
});

/** Unix modes of the entries of an archive. @see APPNOTE.TXT 4.3.12, central directory header */
function modesIn(zip: Uint8Array): number[] {
	const bytes = Buffer.from(zip);
	const modes: number[] = [];
	for (let at = bytes.indexOf("PK\x01\x02"); at >= 0; at = bytes.indexOf("PK\x01\x02", at + 4)) {
		modes.push(bytes.readUInt32LE(at + 38) >>> 16);
	}
	return modes;
}
