import { parseHookKeys } from "../../lambda/triggers/http/hook-keys.ts";
import type { SigningKeys } from "../gateway/sigv4.ts";
import { readWholeNumber, UsageError } from "./command.ts";
import { readAtlasUrl, secretOfEnvironment, signingKeysOf, type Variables } from "./credentials.ts";
import { readEventFile } from "./event-file.ts";
import { type Flags, type RequestDraft, readStartFlags, requestFlag, requestOfFlags } from "./flags.ts";

/** A call of `npm start`, read. */
export interface StartOptions {
	readonly json: boolean;
	/** Seconds; absent, the default of where it runs. */
	readonly pollSeconds?: string;
	/** A real Atlas with the text of its secret; absent, the simulator is started. */
	readonly atlas?: { readonly url: string; readonly secret: string };
	/** Text of the webhook secret, where there is one. */
	readonly hookKeys?: string;
	readonly work: Work;
}

type Work =
	| { readonly kind: "demo" | "help" }
	/** @param projectId the simulator's */
	| { readonly kind: "request"; readonly request: (projectId?: string) => RequestDraft }
	| { readonly kind: "event"; readonly event: unknown }
	/** Port 0 is any that is free; with keys, callers must have signed with them. */
	| { readonly kind: "serve"; readonly port: number; readonly keys?: SigningKeys | undefined };

/** Stands for the simulator's project while flags are checked. */
const SOME_PROJECT = "0".repeat(24);

/** @throws UsageError */
export async function readStartOptions(args: readonly string[], env: Variables): Promise<StartOptions> {
	const { flags, help } = readStartFlags(args);
	const json = flags.json ?? false;
	if (help) return { json, work: { kind: "help" } };
	checkCombination(flags);
	const pollSeconds = readPollSeconds(flags["poll-seconds"]);
	const url = readAtlasUrl(flags["atlas-url"]);
	const work = await readWork(flags, url, env);
	const hookKeys = readHookKeys(env["WEBHOOK_SECRETS"]);
	return {
		json,
		work,
		pollSeconds,
		atlas: url === undefined ? undefined : { url, secret: secretOfEnvironment(env) },
		hookKeys,
	};
}

async function readWork(flags: Flags, atlasUrl: string | undefined, env: Variables): Promise<Work> {
	if (flags.serve) {
		return {
			kind: "serve",
			port: readWholeNumber("--port", flags.port ?? "0", 0, 65535),
			keys: flags.iam ? signingKeysOf(env) : undefined,
		};
	}
	if (flags.event !== undefined) return { kind: "event", event: await readEventFile(flags.event) };
	if (requestFlag(flags) !== undefined) {
		requestOfFlags(flags, atlasUrl === undefined ? SOME_PROJECT : undefined);
		return { kind: "request", request: (projectId) => requestOfFlags(flags, projectId) };
	}
	if (atlasUrl === undefined) return { kind: "demo" };
	throw new UsageError(
		"--atlas-url needs a request beside it: --cluster with --project, --all, --tag, --event or --serve",
	);
}

/** Rejects flags that would have no effect beside others. */
function checkCombination(flags: Flags): void {
	const request = requestFlag(flags);
	if (flags.serve && flags.event !== undefined)
		throw new UsageError("--serve and --event exclude each other: choose one");
	for (const host of ["serve", "event"] as const) {
		if (flags[host] !== undefined && request !== undefined) {
			throw new UsageError(
				`--${request} must be left out beside --${host}, whose events and calls carry their own requests`,
			);
		}
	}
	for (const guest of ["port", "iam"] as const) {
		if (flags[guest] !== undefined && !flags.serve) throw new UsageError(`--${guest} needs --serve beside it`);
	}
}

function readPollSeconds(text: string | undefined): string | undefined {
	if (text === undefined) return undefined;
	const isInRange = /^\d+(\.\d+)?$/.test(text) && Number(text) >= 0.1 && Number(text) <= 3600;
	if (!isInRange) throw new UsageError("--poll-seconds must be a number from 0.1 to 3600");
	return text;
}

function readHookKeys(text: string | undefined): string | undefined {
	if (text === undefined || text.trim() === "") return undefined;
	try {
		parseHookKeys(text);
		return text;
	} catch {
		throw new UsageError(
			'WEBHOOK_SECRETS must hold whsec_<base64> keys of 24 to 64 bytes, separated by spaces, or {"<caller>": "whsec_…"}',
		);
	}
}
