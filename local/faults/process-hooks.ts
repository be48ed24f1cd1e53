import { createRequire, syncBuiltinESMExports } from "node:module";
import timers from "node:timers";
import promises from "node:timers/promises";
import { currentProcess } from "./process.ts";

/** Undici's own timers, which share one timer of Node.js: they do not know whose they are. */
interface UndiciTimers {
	setFastTimeout(callback: (input: unknown) => void, milliseconds: number, input: unknown): UndiciTimer;
}
interface UndiciTimer {
	clear(): void;
	refresh(): void;
}
const undici = createRequire(import.meta.url)("undici/lib/util/timers.js") as UndiciTimers;
// oxlint-disable-next-line typescript/unbound-method -- it does not use this
const { setFastTimeout } = undici;

/** While the process is frozen the timer stands still: then what has arrived meanwhile comes before the timeout. */
function setOwnedTimeout(...[callback, milliseconds, input]: Parameters<typeof setFastTimeout>): UndiciTimer {
	const owner = currentProcess();
	if (!owner) return setFastTimeout(callback, milliseconds, input);
	let cleared = false;
	const expire = () => {
		if (owner.isRunning) owner.run(() => callback(input));
		else owner.whenRunning(() => cleared || timer.refresh());
	};
	const timer = setFastTimeout(expire, milliseconds, undefined);
	const clear = timer.clear.bind(timer);
	timer.clear = () => {
		cleared = true;
		clear();
	};
	return timer;
}

/**
 * Makes the timers and the clock of this Node.js process know to which of the simulated processes they belong. To be
 * called once the fake clock is in place.
 *
 * @returns what takes the hooks away
 */
export function hookProcesses(): () => void {
	const { setTimeout, setInterval, setImmediate } = globalThis;
	const { now } = Date;
	const pause = promises.setTimeout;
	const owned = <A extends readonly unknown[]>(callback: (...input: A) => void) => {
		const owner = currentProcess();
		// Undici has one clock for all of its pools.
		if (!owner || callback.name === "onTick") return callback;
		return (...input: A) => owner.whenRunning(() => callback(...input));
	};
	type Schedule = (callback: (...input: unknown[]) => void, ...rest: unknown[]) => unknown;
	const hook = (schedule: unknown) =>
		Object.assign(
			(callback: () => void, ...rest: unknown[]) => (schedule as Schedule)(owned(callback), ...rest),
			schedule as object,
		);
	const hooked = { setTimeout: hook(setTimeout), setInterval: hook(setInterval), setImmediate: hook(setImmediate) };
	Object.assign(globalThis, hooked);
	Object.assign(timers, hooked);
	Object.assign(promises, {
		setTimeout: async (...input: Parameters<typeof pause>) => {
			const owner = currentProcess();
			const value = await pause(...input);
			await owner?.running();
			return value;
		},
	});
	undici.setFastTimeout = setOwnedTimeout;
	Date.now = () => now() + (currentProcess()?.skew ?? 0);
	syncBuiltinESMExports();
	return () => {
		Object.assign(globalThis, { setTimeout, setInterval, setImmediate });
		Object.assign(timers, { setTimeout, setInterval, setImmediate });
		Object.assign(promises, { setTimeout: pause });
		undici.setFastTimeout = setFastTimeout;
		Date.now = now;
		syncBuiltinESMExports();
	};
}
