import { randomUUID } from "node:crypto";
import { isGatewayEvent, readGatewayEvent, toGatewayReply } from "./api-gateway.ts";
import type { FaceParts } from "./face.ts";
import { toProblem, toProblemReply } from "./problem.ts";
import { secured } from "./request.ts";

/** The part of middy's request that the hook needs. */
interface Failed {
	readonly event: unknown;
	readonly error: unknown;
	response: unknown;
}

/**
 * Answers an HTTP request even where the function could not be set up, as with a faulty configuration. For events the
 * error stays thrown.
 */
export const answerFailure =
	(hear: FaceParts["hear"]) =>
	(failed: Failed): void => {
		if (!isGatewayEvent(failed.event)) return;
		const { method } = readGatewayEvent(failed.event, 0);
		const { kind, details } = toProblem(failed.error);
		const request = randomUUID();
		const reply = secured(toProblemReply(kind, details, request));
		hear({ request, method, route: "none", status: reply.status, error: failed.error });
		failed.response = toGatewayReply(reply);
	};
