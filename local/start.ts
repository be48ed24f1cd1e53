import { onParentExit } from "./cli/command.ts";
import { silenceFunctionLogs } from "./environment.ts";
import { captureLogs } from "./function-logs.ts";

// What the functions write to the streams belongs to CloudWatch; here it would stand between our lines.
const write = process.stdout.write.bind(process.stdout);
const onLog = captureLogs(process.env);
// Whoever reads us may go away early, as `head` does; that changes nothing about the snapshots.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

silenceFunctionLogs(process.env);
const ended = new AbortController();
// Once: a second Ctrl-C ends the process at once.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => ended.abort(signal));
onParentExit(process.env, () => ended.abort("SIGTERM"));
const { main } = await import("./main.ts");
process.exit(await main(process.argv.slice(2), process.env, (text) => void write(text), onLog, ended.signal));
