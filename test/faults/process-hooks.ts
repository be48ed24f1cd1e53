import { syncBuiltinESMExports } from "node:module";
import { Socket } from "node:net";
import timers from "node:timers";
import promises from "node:timers/promises";
import { currentProcess, type LambdaProcess } from "./process.ts";

/** What a process's attempt to connect meets; nothing where it succeeds. */
export type ConnectFault =
	/** The name is not resolved, or nobody listens. */
	| { readonly do: "refuse"; readonly code: "ENOTFOUND" | "EAI_AGAIN" | "ECONNREFUSED" | "ENETUNREACH" }
	/** Nothing is heard. */
	| { readonly do: "hang" }
	| { readonly do: "delay"; readonly milliseconds: number };

export interface Hooks {
	/** Asked before a socket of a process connects. */
	readonly onConnect: (port: number, process: LambdaProcess) => ConnectFault | undefined;
	/** Told of a socket that a process has connected. */
	readonly onConnected: (localPort: number, process: LambdaProcess) => void;
}

/** Events by which a socket tells its owner of the other side. */
const HEARD = new Set<string | symbol>([
	"connect",
	"ready",
	"data",
	"readable",
	"end",
	"close",
	"error",
	"timeout",
	"drain",
]);

/**
 * Makes timers, sockets and the clock of this Node.js process know to which of the simulated processes they belong. To
 * be called once the fake clock is in place.
 *
 * @returns what takes the hooks away
 */
export function hookProcesses({ onConnect, onConnected }: Hooks): () => void {
	const { setTimeout, setInterval, setImmediate } = globalThis;
	const { now } = Date;
	const pause = promises.setTimeout;
	const owned = <A extends readonly unknown[]>(callback: (...input: A) => void) => {
		const owner = currentProcess();
		// Undici has one clock for all of its pools.
		if (!owner || callback.name === "onTick") return callback;
		return (...input: A) => owner.happen(() => callback(...input));
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
	Date.now = () => now() + (currentProcess()?.skew ?? 0);
	type Connect = (this: Socket, ...input: unknown[]) => Socket;
	const { connect } = Socket.prototype as unknown as { connect: Connect };
	const connectOwned: Connect = function (...input) {
		const owner = currentProcess();
		if (!owner) return connect.apply(this, input);
		own(this, owner, onConnected);
		const [options] = input as unknown as readonly [{ port?: number } | readonly [{ port?: number }]];
		const port = Number((Array.isArray(options) ? options[0] : options)?.port);
		const fault = onConnect(port, owner);
		if (!fault) return connect.apply(this, input);
		if (fault.do === "refuse") {
			const error = Object.assign(new Error(`connect ${fault.code}`), { code: fault.code });
			process.nextTick(() => this.destroy(error));
		}
		if (fault.do === "delay") setTimeout(() => !this.destroyed && connect.apply(this, input), fault.milliseconds);
		return this;
	};
	Object.assign(Socket.prototype, { connect: connectOwned });
	syncBuiltinESMExports();
	return () => {
		Object.assign(globalThis, { setTimeout, setInterval, setImmediate });
		Object.assign(timers, { setTimeout, setInterval, setImmediate });
		Object.assign(promises, { setTimeout: pause });
		Date.now = now;
		Object.assign(Socket.prototype, { connect });
		syncBuiltinESMExports();
	};
}

/** What comes in over the socket happens to its process. */
function own(socket: Socket, owner: LambdaProcess, onConnected: Hooks["onConnected"]): void {
	const emit = socket.emit.bind(socket) as (...input: unknown[]) => boolean;
	socket.emit = ((event: string | symbol, ...input: unknown[]) => {
		if (event === "connect" && socket.localPort !== undefined) onConnected(socket.localPort, owner);
		if (!HEARD.has(event)) return emit(event, ...input);
		owner.happen(() => void emit(event, ...input));
		return true;
	}) as typeof socket.emit;
}
