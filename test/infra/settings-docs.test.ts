import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { PAGE, settings, settingsPage } from "../../infra/settings/docs.ts";
import { SETTINGS } from "../../infra/settings/meanings.ts";
import { readSettings } from "../../infra/settings/settings.ts";

test("docs/settings.md is what the schema says: npm run docs", () => {
	expect(readFileSync(PAGE, "utf8")).toBe(settingsPage());
});

test("every setting has a line, with a rule or a default", () => {
	const all = settings();

	expect(all.length).toBeGreaterThan(35);
	expect(Object.keys(SETTINGS).toSorted()).toEqual(all.map(({ path }) => path).toSorted());
	expect(all.filter(({ path, rules }) => rules.length === 0 && SETTINGS[path]?.rule === undefined)).toEqual([]);
});

test.each(
	Object.entries(SETTINGS)
		.filter(([path]) => !path.includes(".") && !path.includes("[]"))
		.map(([path, { example }]) => [path, example] as const),
)("the example of %s is one", (path, example) => {
	const beside = {
		hookSecretKeyArn: { http: { signedHook: true } },
	};
	expect(() => readSettings({ ...beside[path as keyof typeof beside], [path]: example })).not.toThrow();
});
