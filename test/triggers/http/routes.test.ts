import { describe, expect, test } from "vitest";
import { matchesPath, needsIam, ROUTES } from "../../../lambda/triggers/http/routes.ts";

describe("routes", () => {
	test.for([
		["/snapshots", "/snapshots", true],
		["/snapshots", "/snapshots/", false],
		["/snapshots", "/x/snapshots", false],
		["/snapshots/{run}", "/snapshots/a", true],
		["/snapshots/{run}", "/snapshots/a/b", false],
		["/snapshots/{run}", "/snapshots/", false],
		["/openapi.json", "/openapi.json", true],
		["/openapi.json", "/openapixjson", false],
	] as const)("%s matches %s: %s", ([template, path, expected]) => expect(matchesPath(template, path)).toBe(expected));

	test.for([
		["POST", "/snapshots", true],
		["GET", "/snapshots", false],
		["GET", "/snapshots/a", true],
		["HEAD", "/snapshots/a", true],
		["POST", "/snapshots/a", false],
		["POST", "/hooks/snapshots", false],
		["GET", "/openapi.json", true],
		["GET", "/", false],
	] as const)("%s %s needs IAM: %s", ([method, path, expected]) => expect(needsIam(method, path)).toBe(expected));

	test.for(ROUTES)("$path says what it is for", ({ purpose }) => expect(purpose).toMatch(/^[a-z].{10,}[^.]$/));
});
