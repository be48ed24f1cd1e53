/** What the functions write past the console (Powertools, the durable SDK) becomes console output, shown for failed tests only. */
const mark = Symbol.for("atlas-snapshots.logs-to-console");
if (!(mark in process)) {
	Object.assign(process, { [mark]: true });
	process.stdout.write = (text: string | Uint8Array) => {
		console.log(String(text).trimEnd());
		return true;
	};
}
