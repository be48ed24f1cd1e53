/** As little of Lambda's API as an asynchronous invocation needs, in a process of its own. */
import { once } from "node:events";
import { listenOnLoopback } from "../../loopback.ts";

const { url } = await listenOnLoopback(0, async (request, response) => {
	await once(request.resume(), "end");
	response.writeHead(202).end();
});
process.stdout.write(`${JSON.stringify({ url })}\n`);
process.stdin.resume().once("end", () => process.exit(0));
