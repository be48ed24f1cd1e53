import findMyWay from "find-my-way";
import type { ApiOperation, RequestKind } from "./operation.ts";
import { projectOperations } from "./project-operations.ts";
import { snapshotOperations } from "./snapshot-operations.ts";

export const API = "/api/atlas/v2";

/** What a request's method and path lead to. */
export interface Route {
	readonly operation: ApiOperation;
	readonly params: Readonly<Record<string, string | undefined>>;
}

const router = findMyWay({ caseSensitive: true, maxParamLength: 1000 });
const METHODS = ["GET", "POST", "PATCH", "DELETE"] as const;

for (const operation of [...snapshotOperations, ...projectOperations])
	router.on(operation.method, `${API}${operation.path}`, () => undefined, operation);

/** The operation, `elsewhere` where only other methods lead to one, or undefined. */
export function routeOf(method: string, path: string): Route | "elsewhere" | undefined {
	const known = METHODS.find((name) => name === method);
	const found = known === undefined ? null : router.find(known, path);
	if (found !== null) return { operation: found.store, params: found.params };
	return METHODS.some((name) => router.find(name, path) !== null) ? "elsewhere" : undefined;
}

/** What the request is for, for faults and the log. */
export function kindOf(route: ReturnType<typeof routeOf>): RequestKind {
	return typeof route === "object" ? route.operation.kind : "unknown";
}
