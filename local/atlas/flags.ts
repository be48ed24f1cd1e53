import { parseArgs } from "node:util";

/** The whole number that a flag holds. @throws Error naming the flag and the rule */
function whole(name: string, text: string | undefined, most: number): number | undefined {
	if (text === undefined) return undefined;
	if (!/^\d+$/.test(text) || Number(text) > most) throw new Error(`--${name} must be a whole number up to ${most}`);
	return Number(text);
}

/** `--port N` and `--snapshot-seconds N`. @throws Error naming the flag and the rule */
export function readFlags(args: string[]): { port?: number; snapshotSeconds?: number } {
	const { values } = parseArgs({
		args,
		options: { port: { type: "string" }, "snapshot-seconds": { type: "string" } },
	});
	const port = whole("port", values.port, 65535);
	const snapshotSeconds = whole("snapshot-seconds", values["snapshot-seconds"], 1_000_000);
	return { ...(port === undefined ? {} : { port }), ...(snapshotSeconds === undefined ? {} : { snapshotSeconds }) };
}
