import { quieten } from "./environment.ts";

// What the functions write to standard output belongs to CloudWatch; here it would stand between our lines.
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);
// Whoever reads us may go away early, as `head` does; that changes nothing about the snapshots.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

quieten(process.env);
const { main } = await import("./main.ts");
process.exit(await main(process.argv.slice(2), process.env, (text) => void write(text)));
