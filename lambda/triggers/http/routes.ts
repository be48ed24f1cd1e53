/** A route as API Gateway, the index page and the local server know it. */
export interface Route {
	readonly path: "/snapshots" | "/snapshots/{run}" | "/hooks/snapshots" | "/openapi.json";
	readonly methods: readonly ("GET" | "HEAD" | "POST")[];
	/** How callers authenticate. */
	readonly auth: "iam" | "webhook";
	readonly purpose: string;
}

/** API Gateway forwards every other path without authentication. */
export const ROUTES: readonly Route[] = [
	{ path: "/snapshots", methods: ["POST"], auth: "iam", purpose: "takes snapshots" },
	{ path: "/snapshots/{run}", methods: ["GET", "HEAD"], auth: "iam", purpose: "tells where a run stands" },
	{
		path: "/hooks/snapshots",
		methods: ["POST"],
		auth: "webhook",
		purpose: "takes snapshots, without an AWS identity",
	},
	{ path: "/openapi.json", methods: ["GET", "HEAD"], auth: "iam", purpose: "the contract, in OpenAPI 3.1" },
];

/** @param template a route's path; `{run}` stands for one segment */
export const matchesPath = (template: string, path: string): boolean =>
	new RegExp(`^${template.replace(".", "\\.").replace("{run}", "[^/]+")}$`).test(path);

/** Whether API Gateway forwards the request only after IAM has authenticated the caller. */
export const needsIam = (method: string, path: string): boolean =>
	ROUTES.some(
		({ auth, methods, path: template }) =>
			auth === "iam" && methods.some((each) => each === method) && matchesPath(template, path),
	);
