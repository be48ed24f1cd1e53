import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { SETTING_DESCRIPTIONS } from "../../infra/settings/descriptions.ts";
import { PAGE, settings, settingsPage } from "../../infra/settings/docs.ts";
import { readSettings } from "../../infra/settings/settings.ts";

test("docs/settings.md is what the schema says: npm run docs", () => {
	expect(readFileSync(PAGE, "utf8")).toBe(settingsPage());
});

test("every setting has a line, with a rule or a default", () => {
	const all = settings();

	expect(all.length).toBeGreaterThan(35);
	expect(Object.keys(SETTING_DESCRIPTIONS).toSorted()).toEqual(all.map(({ path }) => path).toSorted());
	expect(all.filter(({ path, rules }) => rules.length === 0 && SETTING_DESCRIPTIONS[path]?.rule === undefined)).toEqual(
		[],
	);
});

test.each(
	Object.entries(SETTING_DESCRIPTIONS)
		.filter(([path]) => !path.includes(".") && !path.includes("[]"))
		.map(([path, { example }]) => [path, example] as const),
)("the example of %s is one", (path, example) => {
	const beside = {
		hookSecretKeyArn: { http: { signedHook: true } },
	};
	expect(() => readSettings({ ...beside[path as keyof typeof beside], [path]: example })).not.toThrow();
});
