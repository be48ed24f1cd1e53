import { exitWithUsageError, explainListenError, onParentExit, readCommand, readWholeNumber } from "../cli/command.ts";
import { startAtlas } from "./index.ts";

const USAGE = `npm run atlas -- [FLAGS]         a simulated Atlas on this machine; its first
                                line of output, a JSON object, says where
  --port N                      default any that is free
  --snapshot-seconds N          from a request to its snapshot's end, default 4
  --help, -h

It ends with Ctrl-C. exit code: 0 ended, 2 the call was wrong`;

const OPTIONS = { port: { type: "string" }, "snapshot-seconds": { type: "string" } } as const;

const { port, snapshotSeconds } = readCommand(USAGE, OPTIONS, (flags) => ({
	port: readWholeNumber("--port", flags.port ?? "0", 0, 65535),
	snapshotSeconds: readWholeNumber("--snapshot-seconds", flags["snapshot-seconds"] ?? "4", 0, 1_000_000),
}));
try {
	const atlas = await startAtlas({ port, snapshotSeconds });
	const { url, publicKey, privateKey, clientId, clientSecret, projectId, clusters } = atlas;
	process.stdout.write(
		`${JSON.stringify({ url, publicKey, privateKey, clientId, clientSecret, projectId, clusters })}\n`,
	);
	onParentExit(process.env, () => void atlas.close());
	for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void atlas.close());
} catch (error) {
	exitWithUsageError(explainListenError(error, port));
}
