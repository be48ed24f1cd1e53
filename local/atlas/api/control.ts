import * as v from "valibot";
import type { Refusal } from "../../loopback.ts";
import { applyChange, describeState } from "./control-world.ts";
import type { ApiReply, ApiRequest } from "./exchange.ts";
import { FaultSchema } from "./faults.ts";
import type { ServerContext } from "./server.ts";

const Clock = v.strictObject({ advanceSeconds: v.pipe(v.number(), v.minValue(0)) });

const reply = (status: number, body?: unknown): ApiReply => ({
	status,
	headers: body === undefined ? {} : { "Content-Type": "application/json" },
	body: body === undefined ? "" : JSON.stringify(body),
	executed: true,
});

/**
 * The control endpoints: what a test in another process may see and turn, and no page in a browser on this machine.
 *
 * @param refusal of a request that may come from such a page
 */
export function handleControlRequest(house: ServerContext, request: ApiRequest, refusal?: Refusal): ApiReply {
	const { state, faults, log } = house;
	if (refusal) return reply(refusal.status, { detail: refusal.message });
	try {
		switch (`${request.method} ${request.path}`) {
			case "GET /_control/log":
				return reply(200, log);
			case "DELETE /_control/log":
				log.length = 0;
				return reply(204);
			case "POST /_control/faults":
				faults.add(v.parse(FaultSchema, JSON.parse(request.body)));
				return reply(204);
			case "DELETE /_control/faults":
				faults.clear();
				return reply(204);
			case "GET /_control/world":
				return reply(200, describeState(state));
			case "POST /_control/world":
				applyChange(state, JSON.parse(request.body));
				return reply(200, describeState(state));
			case "POST /_control/clock":
				state.advance(v.parse(Clock, JSON.parse(request.body)).advanceSeconds);
				return reply(204);
			default:
				return reply(404, { detail: "no such control; see the README beside the simulator" });
		}
	} catch (error) {
		return reply(400, { detail: v.isValiError(error) ? v.flatten(error.issues) : String(error) });
	}
}
