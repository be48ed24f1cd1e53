import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readSettings } from "../../infra/settings/settings.ts";
import { InputError } from "../../lambda/domain/errors.ts";

const request = { projectId: "32b6e34b3d91647abb20e7b8", clusters: ["a"] };
const schedule = { name: "nightly", expression: "rate(1 day)", expectedEveryMinutes: 1440, request };

function faultsOf(context: unknown): string[] {
	try {
		readSettings(context);
		return [];
	} catch (error) {
		if (!(error instanceof InputError)) throw error;
		expect(error.name).toBe("CONFIG_INVALID");
		return error.faults.map(({ pointer, detail }) => `${pointer} ${detail}`);
	}
}

test("the example in cdk.json is good", () => {
	const { context } = JSON.parse(readFileSync(new URL("../../cdk.json", import.meta.url), "utf8"));

	expect(readSettings(context.atlasSnapshots).schedules).toHaveLength(1);
});

test("an empty object gets every default, and JSON text is read as well", () => {
	const defaults = {
		schedules: [],
		eventRules: [],
		http: { signedHook: false, ratePerSecond: 5, burst: 10, accessLog: true },
		vpc: false,
		logRetentionDays: 30,
		memoryMegabytes: 512,
		removalPolicy: "retain",
	};

	expect(readSettings({})).toEqual(defaults);
	expect(readSettings("{}")).toEqual(defaults);
});

test("every fault is named at once, by its place and its rule", () => {
	const faults = faultsOf({
		surprise: 1,
		secretArn: "arn:aws:s3:::bucket",
		rotation: {},
		schedules: [
			{
				...schedule,
				name: "1st",
				timeZone: "Europe/Atlantis",
				request: { ...request, clusters: ["-a"], retention: 3 },
			},
			{ ...schedule, expression: "cron(0 2 31 4 ? *)", expectedEveryMinutes: 1 },
			{ ...schedule, name: "Nightly", expression: undefined, request: undefined },
		],
		eventRules: [{ name: "hourly", expression: "rate(1 hour)", pattern: {} }],
		http: { hookSecretArn: "arn:aws:secretsmanager:eu-central-1:111122223333:secret:hooks", burst: 0, surprise: 1 },
		limits: { hook: { maxClusters: 0, colour: 1, clusters: "a" }, hooks: {} },
		vpc: true,
		alarmEmail: "nobody",
		alarmTopicArn: "topic",
		logRetentionDays: 31,
		atlasBaseUrl: "http://cloud.mongodb.com",
		memoryMegabytes: 100.5,
		removalPolicy: "keep",
	});

	expect(faults.sort()).toEqual(
		[
			"/surprise is not known",
			"/secretArn must be an ARN of secretsmanager",
			"/rotation/adminSecretArn is missing",
			"/rotation must be left out beside secretArn",
			"/schedules/0/name must be 1 to 40 letters, digits and hyphens, a letter first",
			"/schedules/0/timeZone must be an IANA time zone",
			"/schedules/0/request/clusters/0 must be a cluster name: letters, digits and hyphens, not a hyphen first",
			"/schedules/0/request/retention is not known",
			"/schedules/1/expression must name a day that its months have",
			"/schedules/1/expectedEveryMinutes must be 15 or more",
			"/schedules/2/expression must be a string",
			"/schedules/2/request must be a JSON object",
			"/schedules/2/name must not occur twice, in whatever case",
			"/eventRules/0/pattern must have a field: an empty pattern is refused",
			"/eventRules/0 must have one of pattern and expression",
			"/defaultRequest is missing: an event rule with an expression carries it out",
			"/http/burst must be 1 or more",
			"/http/surprise is not known",
			"/http/hookSecretArn must be left out without signedHook",
			"/limits/hook/maxClusters must be 1 or more",
			"/limits/hook/clusters must be a list of cluster names",
			"/limits/hook/colour is not known",
			"/limits/hooks is not known",
			"/vpc must be false or a JSON object",
			"/alarmEmail must be an e-mail address",
			"/alarmEmail must be left out beside alarmTopicArn",
			"/alarmTopicArn must be an ARN of sns",
			"/logRetentionDays must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653 days",
			"/atlasBaseUrl must be an https URL without path or query",
			"/memoryMegabytes must be a whole number of megabytes",
			"/removalPolicy must be retain or destroy",
		].sort(),
	);
});

test.each([[undefined], [null], [7], [[]], ["no JSON"]])("%j is no settings", (context) => {
	expect(faultsOf(context)).toEqual([" must be a JSON object"]);
});

test("a message quotes no value", () => {
	const canary = "s3cr3t";

	expect(faultsOf({ ["secretArn"]: canary, schedules: canary, http: canary, request: canary }).join()).not.toContain(
		canary,
	);
});
