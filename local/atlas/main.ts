import { readCommand } from "../cli/read-command.ts";
import { whenOrphaned } from "../cli/when-orphaned.ts";
import { readFlags } from "./flags.ts";
import { startAtlas } from "./index.ts";

const USAGE = `npm run atlas -- [FLAGS]         a simulated Atlas on loopback; its first line of output, a JSON object, says where
  --port N                      default any that is free
  --snapshot-seconds N          from a request to its snapshot's end, default 4
  --help, -h

It ends with Ctrl-C. exit code: 0 ended, 2 the call was wrong`;

/** One sentence for the user; the command ends with it. */
function complain(error: unknown): never {
	const text = error instanceof Error ? error.message : String(error);
	process.stderr.write(`${text.split("\n")[0]}\n`);
	process.exit(2);
}

try {
	const atlas = await startAtlas(readCommand(USAGE, readFlags));
	const { url, publicKey, privateKey, clientId, clientSecret, projectId, clusters } = atlas;
	process.stdout.write(
		`${JSON.stringify({ url, publicKey, privateKey, clientId, clientSecret, projectId, clusters })}\n`,
	);
	whenOrphaned(process.env, () => void atlas.close());
	for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void atlas.close());
} catch (error) {
	complain(error);
}
