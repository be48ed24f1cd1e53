import { checkAllowed } from "../domain/allowed.ts";
import type { RequestLimits } from "../domain/limits.ts";
import type { Engine } from "../engine/engine.ts";

/** The engine behind the operator's limits: every start passes them, whoever asks for it and by which trigger. */
export const limitStarts = (engine: Engine, limits: RequestLimits): Engine => ({
	...engine,
	async start(run) {
		checkAllowed(limits, run);
		await engine.start(run);
	},
});
