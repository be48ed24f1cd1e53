import type { Fault } from "../../local/aws/faults.ts";

/** An error as the AWS SDK makes it of a reply, or of none. */
const sdkError = (name: string, message: string, status?: number): Error =>
	Object.assign(new Error(message), { name, $metadata: status === undefined ? {} : { httpStatusCode: status } });

/**
 * Answers a checkpoint with a fault.
 *
 * @throws what Lambda's client throws then
 */
export async function throwFault<T>(fault: Fault, carryOut: () => Promise<T>): Promise<T> {
	switch (fault.do) {
		case "delay":
			await new Promise((resolve) => setTimeout(resolve, fault.milliseconds));
			return carryOut();
		case "hang":
			throw sdkError("TimeoutError", "no reply came");
		case "drop":
			if (fault.when === "after") await carryOut();
			throw sdkError("TimeoutError", "socket hang up");
		case "fail":
			// Lambda's own word for throttling.
			if (fault.status < 500) throw sdkError("TooManyRequestsException", "Rate exceeded", 429);
			throw sdkError("ServiceException", "injected", 500);
		case "refuse-entries":
			return carryOut();
	}
}
