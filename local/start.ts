import { onParentExit } from "./cli/command.ts";
import { silenceFunctionLogs } from "./environment.ts";
import { captureLogs } from "./function-logs.ts";

// The functions write their logs to the standard streams; here they would mix with the command's own lines.
const write = process.stdout.write.bind(process.stdout);
const onLog = captureLogs(process.env);
// A reader may close the pipe early, as `head` does; the snapshots go on.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

silenceFunctionLogs(process.env);
const ended = new AbortController();
// Once: a second Ctrl-C ends the process at once.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => ended.abort(signal));
onParentExit(process.env, () => ended.abort("SIGTERM"));
const { main } = await import("./main.ts");
process.exit(await main(process.argv.slice(2), process.env, (text) => void write(text), onLog, ended.signal));
