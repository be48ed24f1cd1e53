import { createServer } from "node:net";
import { describe, expect, test, vi } from "vitest";
import { retryReads } from "../../lambda/atlas/layers/repeat-reads.ts";
import type { AtlasRequest } from "../../lambda/atlas/request.ts";
import { createTransport, TIMEOUTS, type Timeouts } from "../../lambda/atlas/transport.ts";
import { failureOf, faultOf } from "../harness/atlas-client.ts";
import { ok, type Reply, startRawServer } from "./raw-server.ts";

const read: AtlasRequest = { method: "GET", target: "/api/atlas/v2/groups?pretty=true", headers: { accept: "x/y" } };
const write: AtlasRequest = {
	method: "POST",
	target: "/api/atlas/v2/groups/32b6e34b3d91647abb20e7b8/clusters/a/backup/snapshots",
	headers: { "content-type": "application/json" },
	body: "{}",
};

async function connect(reply: Reply, timeouts: Partial<Timeouts> = {}, now: () => number = Date.now) {
	const server = await startRawServer(reply);
	const transport = createTransport(server.url, { ...TIMEOUTS, ...timeouts }, now);
	return {
		server,
		send: retryReads(transport.send),
		async [Symbol.asyncDispose]() {
			await server[Symbol.asyncDispose]();
			await transport.close();
		},
	};
}

describe("a request whose connection is closed", () => {
	test("is repeated once on another connection if it is a GET", async () => {
		await using w = await connect((socket, nth) => (nth === 1 ? socket.destroy() : socket.write(ok())));

		expect((await w.send(read)).status).toBe(200);
		expect(w.server.lines).toEqual([`GET ${read.target} HTTP/1.1`, `GET ${read.target} HTTP/1.1`]);
	});

	test("fails after the second time", async () => {
		await using w = await connect((socket) => socket.destroy());

		expect(await faultOf(w.send(read))).toEqual({ code: "ATLAS_NO_REPLY", blame: "transient", executed: "no" });
		expect(w.server.lines).toHaveLength(2);
	});

	test.each([
		["at once", (socket) => socket.destroy()],
		["by a reset", (socket) => socket.resetAndDestroy()],
		["normally", (socket) => socket.end()],
		["within the head", (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-")],
		["within the body", (socket) => socket.end(ok().slice(0, -3))],
	] as const satisfies readonly (readonly [string, Reply])[])(
		"is never sent twice if it is a POST and the connection is closed %s",
		async (_how, close) => {
			await using w = await connect((socket, nth) => (nth === 1 ? socket.write(ok()) : close(socket)));
			await w.send(read);

			const fault = await faultOf(w.send(write));

			expect(fault).toEqual({ code: "ATLAS_NO_REPLY", blame: "transient", executed: "unknown" });
			expect(w.server.lines.filter((line) => line.startsWith("POST"))).toHaveLength(1);
		},
	);

	test("is never sent twice if the server closes an idle connection as the POST is sent", async () => {
		await using w = await connect((socket, nth) => {
			if (nth % 2 === 1) socket.write(ok(), () => socket.end());
			else socket.write(ok());
		});

		for (let i = 0; i < 20; i++) await w.send(write).catch(() => undefined);

		expect(w.server.lines.length).toBeLessThanOrEqual(20);
	});
});

describe("time limits", () => {
	test("end a request without a reply, and do not repeat it", async () => {
		await using w = await connect(() => {}, { headers: 50 });

		const { fault, message } = await failureOf(w.send(read));

		expect(fault).toEqual({ code: "ATLAS_NO_REPLY", blame: "transient", executed: "no" });
		expect(message).toContain("UND_ERR_HEADERS_TIMEOUT");
		expect(await faultOf(w.send(write))).toMatchObject({ executed: "unknown" });
		expect(w.server.lines).toHaveLength(2);
	});

	test("end a reply whose body stops", async () => {
		await using w = await connect((socket) => socket.write(ok().slice(0, -3)), { body: 50 });

		expect((await failureOf(w.send(write))).message).toContain("UND_ERR_BODY_TIMEOUT");
	});

	const lasting = (milliseconds: number) => ({ startedAt: Date.now(), endsAt: Date.now() + milliseconds });

	test("end an endless body when the call times out", async () => {
		const head = "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n";
		await using w = await connect((socket) => {
			socket.write(head, () => {
				const trickle = () => socket.writable && socket.write("x", () => setTimeout(trickle, 1));
				trickle();
			});
		});

		const { fault, message } = await failureOf(w.send({ ...write, period: lasting(100) }));

		expect(fault).toMatchObject({ code: "ATLAS_NO_REPLY", executed: "unknown" });
		expect(message).toContain("CALL_OVER");
	});

	test("end interim replies that no reply follows", async () => {
		await using w = await connect((socket) => {
			const flood = () =>
				socket.writable && socket.write("HTTP/1.1 103 Early Hints\r\n\r\n", () => setImmediate(flood));
			flood();
		});

		expect((await failureOf(w.send({ ...write, period: lasting(100) }))).message).toContain("CALL_OVER");
	});

	test.each([
		["the call has timed out", { startedAt: 0, endsAt: 60_000 }, 60_000],
		["the clock was set back since the call began", { startedAt: 100_000, endsAt: 160_000 }, 90_000],
	])("prevent a POST if %s, as after a freeze: no byte is sent", async (_what, period, at) => {
		await using w = await connect(
			(socket) => socket.write(ok()),
			{},
			() => at,
		);
		const post = { sent: false };

		const fault = await faultOf(w.send({ ...write, period, post }));

		expect(fault).toEqual({ code: "ATLAS_NO_REPLY", blame: "transient", executed: "no" });
		expect(post.sent).toBe(false);
		expect(w.server.lines).toEqual([]);
	});

	test("prevent a POST that waited for a socket until the call timed out", async () => {
		let at = 0;
		const replies: (() => void)[] = [];
		await using w = await connect(
			(socket) => replies.push(() => socket.write(ok())),
			{},
			() => at,
		);
		const all = Array.from({ length: 50 }, () => w.send(read));
		await vi.waitUntil(() => replies.length === 50);
		const late = faultOf(w.send({ ...write, period: { startedAt: 0, endsAt: 60_000 } }));
		at = 60_001;
		for (const reply of replies) reply();
		await Promise.all(all);

		expect(await late).toMatchObject({ executed: "no" });
		expect(w.server.lines.filter((line) => line.startsWith("POST"))).toEqual([]);
	});

	test("prevent a POST after its deadline", async () => {
		await using w = await connect(
			(socket) => socket.write(ok()),
			{},
			() => 1001,
		);

		await faultOf(w.send({ ...write, post: { sent: false, notAfter: 1000 } }));

		expect(w.server.lines).toEqual([]);
	});

	test("are five seconds to connect and twenty each for head and body", () => {
		expect(TIMEOUTS).toEqual({ connect: 5_000, headers: 20_000, body: 20_000 });
	});
});

describe("a connection", () => {
	test("that is refused leaves a POST unsent, and the message holds advice", async () => {
		const port = await new Promise<number>((resolve) => {
			const server = createServer().listen(0, "127.0.0.1", () => {
				const address = server.address();
				server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
			});
		});
		const transport = createTransport(`http://127.0.0.1:${port}`, TIMEOUTS, Date.now);

		const { fault, message } = await failureOf(transport.send(write));
		await transport.close();

		expect(fault).toEqual({ code: "ATLAS_UNREACHABLE", blame: "transient", executed: "no" });
		expect(message).toContain("ECONNREFUSED");
		expect(message).toContain("ATLAS_BASE_URL");
	});

	test("to an unknown host leaves a POST unsent", async () => {
		const transport = createTransport("http://atlas.invalid", TIMEOUTS, Date.now);

		const fault = await faultOf(transport.send(write));
		await transport.close();

		expect(fault).toEqual({ code: "ATLAS_UNREACHABLE", blame: "transient", executed: "no" });
	});

	test("whose TLS handshake does not end leaves a POST unsent", async () => {
		await using server = await startRawServer((socket) => socket.write(ok()));
		const transport = createTransport(server.url.replace("http:", "https:"), { ...TIMEOUTS, connect: 300 }, Date.now);

		const fault = await faultOf(transport.send(write));
		await transport.close();

		expect(fault).toMatchObject({ code: "ATLAS_UNREACHABLE", executed: "no" });
	});

	test("is reused; undici opens at most a second one", async () => {
		await using w = await connect((socket) => socket.write(ok()));

		for (let i = 0; i < 20; i++) await w.send(i % 2 === 0 ? read : write);

		expect(w.server.connections()).toBeLessThanOrEqual(2);
	});

	test("is one of at most fifty", async () => {
		await using w = await connect((socket) => socket.write(ok()));

		await Promise.all(Array.from({ length: 100 }, () => w.send(read)));

		expect(w.server.connections()).toBeLessThanOrEqual(50);
	});

	test("returns any status, and repeated fields joined", async () => {
		await using w = await connect((socket) =>
			socket.write("HTTP/1.1 418 Teapot\r\nWWW-Authenticate: A\r\nWWW-Authenticate: B\r\ncontent-length: 2\r\n\r\nhé"),
		);

		expect(await w.send(read)).toMatchObject({ status: 418, headers: { "www-authenticate": "A, B" } });
	});
});
