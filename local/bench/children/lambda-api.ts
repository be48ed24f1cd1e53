/** As little of Lambda's API as an asynchronous invocation needs, in a process of its own. */
import { createServer } from "node:http";

const server = createServer((request, response) => {
	request.resume().once("end", () => response.writeHead(202).end());
});
server.listen(0, "127.0.0.1", () => {
	const address = server.address();
	const port = typeof address === "object" && address !== null ? address.port : 0;
	process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`);
});
process.stdin.resume().once("end", () => process.exit(0));
