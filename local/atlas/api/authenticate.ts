import { BlockList, isIPv4 } from "node:net";
import type { AtlasState } from "../state/state.ts";
import { challenges, checkDigest, type Nonces } from "./digest.ts";
import type { ApiReply, ApiRequest } from "./exchange.ts";
import { ApiError } from "./refused.ts";

/** How a request says who it is. */
export type Scheme = "none" | "digest" | "bearer" | "basic" | "other";

export function schemeOf(request: ApiRequest): Scheme {
	const value = request.headers.authorization;
	if (value === undefined) return "none";
	const name = value.slice(0, value.indexOf(" ")).toLowerCase();
	return name === "digest" || name === "bearer" || name === "basic" ? name : "other";
}

/** The 401 of a request that is not let in, or undefined where it is. */
export function rejectUnauthenticated(state: AtlasState, nonces: Nonces, request: ApiRequest): ApiReply | undefined {
	const value = request.headers.authorization ?? "";
	switch (schemeOf(request)) {
		case "bearer": {
			const token = state.credentials.tokens.get(value.slice("Bearer ".length));
			if (token !== undefined && token.expiresAt > state.now()) return undefined;
			return unauthorized(state, [`Bearer realm="MMS Public API", error="invalid_token"`]);
		}
		case "digest": {
			const verdict = checkDigest(state, nonces, request, value);
			return verdict === "good" ? undefined : unauthorized(state, challenges(state, nonces, verdict === "stale"));
		}
		case "basic":
		case "none":
		case "other":
			return unauthorized(state, challenges(state, nonces, false));
	}
}

/** Byte for byte as recorded: pretty-printed, no `X-Error-Code`, no rate-limit headers. */
function unauthorized(state: AtlasState, authenticate: string[]): ApiReply {
	const code = state.settings.unauthorizedErrorCode;
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
export function checkAddress(state: AtlasState, request: ApiRequest): void {
	const { accessList, clientAddress } = state.settings;
	if (accessList === null) return;
	const address = clientAddress ?? request.address;
	const allowed = new BlockList();
	for (const entry of accessList) {
		const [network = "", prefix] = entry.split("/");
		const family = isIPv4(network) ? "ipv4" : "ipv6";
		if (prefix === undefined) allowed.addAddress(network, family);
		else allowed.addSubnet(network, Number(prefix), family);
	}
	if (!allowed.check(address, isIPv4(address) ? "ipv4" : "ipv6"))
		throw new ApiError("IP_ADDRESS_NOT_ON_ACCESS_LIST", [address]);
}
