/**
 * Calls back once when npm, which started this process, has gone: it hands a signal to the shell between the two, which
 * ends and leaves this process behind. Without npm nothing is watched.
 */
export function whenOrphaned(env: Readonly<Record<string, string | undefined>>, callBack: () => void): void {
	const parent = process.ppid;
	if (env["npm_lifecycle_event"] === undefined) return;
	const watch = setInterval(() => {
		if (process.ppid === parent) return;
		clearInterval(watch);
		callBack();
	}, 500);
	watch.unref();
}
