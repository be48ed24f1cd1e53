import { readFlags } from "./flags.ts";
import { type AtlasSimulator, startAtlas } from "./index.ts";

/** One sentence for the user; the command ends with it. */
function complain(error: unknown): never {
	const text = error instanceof Error ? error.message : String(error);
	process.stderr.write(`${text.split("\n")[0]}\n`);
	process.exit(2);
}

/** npm hands a signal to the shell between us, which dies of it and leaves us behind: then our parent is another. */
function endWith(parent: number, atlas: AtlasSimulator): void {
	const watch = setInterval(() => {
		if (process.ppid === parent) return;
		clearInterval(watch);
		void atlas.close();
	}, 500);
	watch.unref();
}

try {
	const atlas = await startAtlas(readFlags(process.argv.slice(2)));
	const { url, publicKey, privateKey, clientId, clientSecret, projectId, clusters } = atlas;
	process.stdout.write(
		`${JSON.stringify({ url, publicKey, privateKey, clientId, clientSecret, projectId, clusters })}\n`,
	);
	if (process.env["npm_lifecycle_event"] !== undefined) endWith(process.ppid, atlas);
	for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void atlas.close());
} catch (error) {
	complain(error);
}
