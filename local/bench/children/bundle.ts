/**
 * A process in which the deployed bundle is alone, as in Lambda: it is told of invocations and tells their results, and
 * its checkpoints go over HTTP, by the SDK's own client.
 */
import { pathToFileURL } from "node:url";

const [, , bundle = ""] = process.argv;
type Handler = (event: unknown, context: unknown) => Promise<unknown>;
const { handler }: { handler: Handler } = await import(pathToFileURL(bundle).href);

process.on("message", ({ id, event, arn }: { id: number; event: unknown; arn: string }) => {
	const context = { invokedFunctionArn: arn, functionName: "snapshot", awsRequestId: String(id) };
	handler(event, { ...context, getRemainingTimeInMillis: () => 300_000 }).then(
		(result) => process.send?.({ id, result, rss: process.resourceUsage().maxRSS }),
		(error: unknown) => process.send?.({ id, error: String(error), rss: process.resourceUsage().maxRSS }),
	);
});
process.once("disconnect", () => process.exit(0));
process.send?.("ready");
