import { BlockList, isIPv4 } from "node:net";
import type { World } from "../state/state.ts";
import { challenges, checkDigest, type Nonces } from "./digest.ts";
import type { Exchange, Reply } from "./exchange.ts";
import { Refused } from "./refused.ts";

/** How a request says who it is. */
export type Scheme = "none" | "digest" | "bearer" | "basic" | "other";

export function schemeOf(exchange: Exchange): Scheme {
	const value = exchange.headers.authorization;
	if (value === undefined) return "none";
	const name = value.slice(0, value.indexOf(" ")).toLowerCase();
	return name === "digest" || name === "bearer" || name === "basic" ? name : "other";
}

/** The 401 of a request that is not let in, or undefined where it is. */
export function turnedAway(world: World, nonces: Nonces, exchange: Exchange): Reply | undefined {
	const value = exchange.headers.authorization ?? "";
	switch (schemeOf(exchange)) {
		case "bearer": {
			const token = world.credentials.tokens.get(value.slice("Bearer ".length));
			if (token !== undefined && token.expiresAt > world.now()) return undefined;
			return unauthorized(world, [`Bearer realm="MMS Public API", error="invalid_token"`]);
		}
		case "digest": {
			const verdict = checkDigest(world, nonces, exchange, value);
			return verdict === "good" ? undefined : unauthorized(world, challenges(world, nonces, verdict === "stale"));
		}
		case "basic":
		case "none":
		case "other":
			return unauthorized(world, challenges(world, nonces, false));
	}
}

/** Byte for byte as recorded: pretty-printed, no `X-Error-Code`, no rate-limit headers. */
function unauthorized(world: World, authenticate: string[]): Reply {
	const code = world.settings.unauthorizedErrorCode;
	const errorCode = code === null ? "" : `,\n  "errorCode" : "${code}"`;
	return {
		status: 401,
		headers: {
			"Content-Type": "application/json",
			Vary: "Accept-Encoding",
			"WWW-Authenticate": authenticate,
			"X-Envoy-Upstream-Service-Time": "1",
		},
		body: `{\n  "error" : 401,\n  "reason" : "Unauthorized",\n  "detail" : "You are not authorized for this resource."${errorCode}\n}`,
		executed: false,
	};
}

/** @throws Refused 403, naming the address, where it is not on the access list */
export function checkAddress(world: World, exchange: Exchange): void {
	const { accessList, clientAddress } = world.settings;
	if (accessList === null) return;
	const address = clientAddress ?? exchange.address;
	const allowed = new BlockList();
	for (const entry of accessList) {
		const [network = "", prefix] = entry.split("/");
		const family = isIPv4(network) ? "ipv4" : "ipv6";
		if (prefix === undefined) allowed.addAddress(network, family);
		else allowed.addSubnet(network, Number(prefix), family);
	}
	if (!allowed.check(address, isIPv4(address) ? "ipv4" : "ipv6"))
		throw new Refused("IP_ADDRESS_NOT_ON_ACCESS_LIST", [address]);
}
