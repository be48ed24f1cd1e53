import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { Agent } from "node:http";
import { syncBuiltinESMExports } from "node:module";
import net, { type Server } from "node:net";
import { Duplex } from "node:stream";
import { currentProcess, type LambdaProcess, outsideProcesses } from "./process.ts";

/** What a process's attempt to connect meets; nothing where it succeeds. */
export type ConnectFault =
	/** The name is not resolved, or nobody listens. */
	| { readonly do: "refuse"; readonly code: "ENOTFOUND" | "EAI_AGAIN" | "ECONNREFUSED" | "ENETUNREACH" }
	/** No answer comes. */
	| { readonly do: "hang" }
	| { readonly do: "delay"; readonly milliseconds: number };

export interface ConnectionHooks {
	/** Asked before a process connects. */
	readonly onConnect: (port: number, process: LambdaProcess) => ConnectFault | undefined;
	/** Called with a local port that a process uses. */
	readonly onConnected: (localPort: number, process: LambdaProcess) => void;
}

let nextPort = 10_000;

/**
 * One end of a connection within this Node.js process: the bytes of a TCP connection without the kernel, whose timing
 * differs from run to run. Where the end belongs to a simulated process, what arrives waits while that one is frozen.
 */
class Connection extends Duplex {
	connecting = false;
	readonly remoteAddress = "127.0.0.1";
	readonly localPort: number;
	readonly remotePort: number;
	readonly #owner: LambdaProcess | undefined;
	#peer: Connection | undefined;
	#timer: NodeJS.Timeout | undefined;
	#lastUse = 0;

	constructor(localPort: number, remotePort: number, owner?: LambdaProcess, allowHalfOpen = false) {
		super({ allowHalfOpen });
		this.localPort = localPort;
		this.remotePort = remotePort;
		this.#owner = owner;
	}

	/** Opens the connection to a server. */
	open(server: Server): void {
		const peer = new Connection(this.remotePort, this.localPort, undefined, true);
		peer.#peer = this;
		this.#peer = peer;
		outsideProcesses(() => server.emit("connection", peer));
		this.#happen(() => {
			if (this.destroyed) return;
			this.connecting = false;
			this.emit("connect");
			this.emit("ready");
		});
	}

	#happen(event: () => void): void {
		if (this.#owner) this.#owner.whenRunning(event);
		else outsideProcesses(event);
	}

	/** Takes bytes that the other end has sent, or `null` for their end. */
	receive(chunk: Buffer | null): void {
		this.#happen(() => {
			this.#lastUse = performance.now();
			if (!this.destroyed && !this.readableEnded) this.push(chunk);
		});
	}

	override _read(): void {}

	override _write(chunk: Buffer, _encoding: string, done: () => void): void {
		this.#lastUse = performance.now();
		if (this.connecting) this.once("connect", () => this._write(chunk, _encoding, done));
		else {
			this.#peer?.receive(chunk);
			done();
		}
	}

	override _final(done: () => void): void {
		this.#peer?.receive(null);
		done();
	}

	override _destroy(error: Error | null, done: (error: Error | null) => void): void {
		clearTimeout(this.#timer);
		if (!this.writableFinished) this.#peer?.receive(null);
		done(error);
	}

	/** By the simulated clock; of the client's end only, so that servers keep connections. */
	setTimeout(milliseconds: number, listener?: () => void): this {
		clearTimeout(this.#timer);
		if (listener) this.once("timeout", listener);
		if (milliseconds === 0 || this.allowHalfOpen) return this;
		this.#lastUse = performance.now();
		const check = () => {
			const left = this.#lastUse + milliseconds - performance.now();
			if (left > 0) this.#timer = setTimeout(check, left);
			else this.emit("timeout");
		};
		this.#timer = setTimeout(check, milliseconds);
		return this;
	}

	destroySoon(): void {
		this.end(() => this.destroy());
	}

	setNoDelay = (): this => this;
	setKeepAlive = (): this => this;
	ref = (): this => this;
	unref = (): this => this;
}

/**
 * Makes every HTTP connection to a server of this Node.js process one in memory. To be called before the servers listen.
 *
 * @returns what takes the hooks away
 */
export function connectInMemory({ onConnect, onConnected }: ConnectionHooks): () => void {
	const servers = new Map<number, Server>();
	const onListening = (message: unknown) => {
		const { server } = message as { server: Server };
		const address = server.address();
		if (address !== null && typeof address === "object") servers.set(address.port, server);
	};
	subscribe("tracing:net.server.listen:asyncEnd", onListening);
	const connect = (input: { readonly port?: number | string | null }): Connection => {
		const port = Number(input.port);
		const server = servers.get(port);
		if (!server) throw new Error(`no server of the campaign listens on port ${port}`);
		const owner = currentProcess();
		const connection = new Connection(nextPort++, port, owner);
		connection.connecting = true;
		if (owner) onConnected(connection.localPort, owner);
		const fault = owner && onConnect(port, owner);
		const open = () => void (connection.destroyed || connection.open(server));
		if (fault?.do === "refuse") {
			const error = Object.assign(new Error(`connect ${fault.code}`), { code: fault.code });
			process.nextTick(() => connection.destroy(error));
		} else if (fault?.do === "delay") setTimeout(open, fault.milliseconds);
		else if (!fault) process.nextTick(open);
		return connection;
	};
	const { connect: tcpConnect } = net;
	// oxlint-disable-next-line typescript/unbound-method -- put back as it was
	const { createConnection } = Agent.prototype;
	Object.assign(net, { connect });
	Object.assign(Agent.prototype, { createConnection: connect });
	syncBuiltinESMExports();
	return () => {
		unsubscribe("tracing:net.server.listen:asyncEnd", onListening);
		Object.assign(net, { connect: tcpConnect });
		Object.assign(Agent.prototype, { createConnection });
		syncBuiltinESMExports();
	};
}
