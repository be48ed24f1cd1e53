import * as v from "valibot";
import type { Refusal } from "../../loopback.ts";
import { applyChange, describeWorld } from "./control-world.ts";
import type { Exchange, Reply } from "./exchange.ts";
import { FaultSchema } from "./faults.ts";
import type { House } from "./server.ts";

const Clock = v.strictObject({ advanceSeconds: v.pipe(v.number(), v.minValue(0)) });

const reply = (status: number, body?: unknown): Reply => ({
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
export function control(house: House, exchange: Exchange, refusal?: Refusal): Reply {
	const { world, faults, log } = house;
	if (refusal) return reply(refusal.status, { detail: refusal.message });
	try {
		switch (`${exchange.method} ${exchange.path}`) {
			case "GET /_control/log":
				return reply(200, log);
			case "DELETE /_control/log":
				log.length = 0;
				return reply(204);
			case "POST /_control/faults":
				faults.add(v.parse(FaultSchema, JSON.parse(exchange.body)));
				return reply(204);
			case "DELETE /_control/faults":
				faults.clear();
				return reply(204);
			case "GET /_control/world":
				return reply(200, describeWorld(world));
			case "POST /_control/world":
				applyChange(world, JSON.parse(exchange.body));
				return reply(200, describeWorld(world));
			case "POST /_control/clock":
				world.advance(v.parse(Clock, JSON.parse(exchange.body)).advanceSeconds);
				return reply(204);
			default:
				return reply(404, { detail: "no such control; see the README beside the simulator" });
		}
	} catch (error) {
		return reply(400, { detail: v.isValiError(error) ? v.flatten(error.issues) : String(error) });
	}
}
