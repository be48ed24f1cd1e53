import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InputError } from "../../lambda/domain/errors.ts";
import { readSnapshotRequest, type SnapshotRequest } from "../../lambda/domain/request.ts";
import { nameRun } from "../../lambda/domain/run.ts";
import { readEvent } from "../../lambda/triggers/events.ts";

const request = { projectId: "32b6e34b3d91647abb20e7b8", clusters: ["prod-a"] };
const whole = readSnapshotRequest(request);
const stack = "atlas-snapshots";
const readRun = (event: unknown, defaultRequest?: SnapshotRequest) => readEvent(event, { stack, defaultRequest });
const schedule = "arn:aws:scheduler:eu-west-1:123456789012:schedule/backups/nightly";
const scheduledTime = "2026-10-24T02:00:00Z";
const rule = "arn:aws:events:eu-west-1:123456789012:rule/nightly";

const envelope = (over: object = {}) => ({
	version: "0",
	id: "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
	"detail-type": "Snapshot Wanted",
	source: "ci.release",
	account: "123456789012",
	time: "2026-10-24T02:00:01Z",
	region: "eu-west-1",
	resources: [],
	detail: request,
	...over,
});

const firing = (over: object = {}) =>
	envelope({ "detail-type": "Scheduled Event", source: "aws.events", resources: [rule], detail: {}, ...over });

function faultsOf(event: unknown): readonly string[] {
	try {
		readRun(event, whole);
	} catch (error) {
		if (error instanceof InputError) return error.faults.map(({ pointer }) => pointer);
		throw error;
	}
	return [];
}

describe("Scheduler's input", () => {
	test("is a run named after its slot", () => {
		expect(readRun({ request, schedule, scheduledTime })).toEqual({
			run: nameRun({ stack, trigger: "schedule", caller: schedule, key: scheduledTime }),
			trigger: "schedule",
			requestedBy: "schedule:nightly",
			slot: scheduledTime,
			request: whole,
		});
	});

	test("is another run at another time, or of another schedule", () => {
		const runs = [
			readRun({ request, schedule, scheduledTime }),
			readRun({ request, schedule, scheduledTime: "2026-10-25T02:00:00Z" }),
			readRun({ request, schedule: `${schedule}-2`, scheduledTime }),
		];

		expect(new Set(runs.map(({ run }) => run)).size).toBe(3);
	});

	test("is refused with every fault at once", () => {
		const event = { request: { clusters: ["a", "_"] }, schedule: "", scheduledTime: "yesterday", when: 1 };

		expect(faultsOf(event)).toEqual([
			"/when",
			"/schedule",
			"/scheduledTime",
			"/request/clusters/1",
			"/request/projectId",
		]);
	});

	test("is refused if the schedule's placeholders were not replaced", () => {
		const event = {
			request,
			schedule: "<aws.scheduler.schedule-arn>",
			scheduledTime: "<aws.scheduler.scheduled-time>",
		};

		expect(faultsOf(event)).toEqual(["/schedule", "/scheduledTime"]);
	});

	test("is refused without a schedule, a time or a request", () => {
		expect(faultsOf({ request, schedule })).toEqual(["/scheduledTime"]);
		expect(faultsOf({ request, scheduledTime })).toEqual(["/schedule"]);
		expect(faultsOf({ schedule, scheduledTime })).toEqual(["/request"]);
	});
});

describe("an EventBridge event", () => {
	test("is a run named after its id", () => {
		expect(readRun(envelope())).toEqual({
			run: nameRun({ stack, trigger: "event", caller: "ci.release", key: envelope().id }),
			trigger: "event",
			requestedBy: "event:ci.release",
			request: whole,
		});
	});

	test("has faults that point into its detail", () => {
		expect(faultsOf(envelope({ detail: { ...request, projectId: "x", colour: "red" } }))).toEqual([
			"/detail/projectId",
			"/detail/colour",
		]);
		expect(faultsOf(envelope({ detail: undefined }))).toEqual(["/detail"]);
	});

	test.each([
		[
			"an AWS service",
			envelope({ source: "aws.ec2", "detail-type": "EC2 Instance State-change Notification" }),
			"/source",
		],
		["an S3 bucket", envelope({ source: "aws.s3", "detail-type": "Object Created" }), "/source"],
		["an event of this service, which would cause a loop", envelope({ source: "atlas.snapshots" }), "/source"],
		["one without an id", envelope({ id: undefined }), "/id"],
		["one whose source is no text", envelope({ source: 5 }), "/source"],
	])("is refused if it is %s", (_, event, pointer) => {
		expect(faultsOf(event)).toEqual([pointer]);
	});
});

describe("a cron rule's Scheduled Event", () => {
	test("runs the default request, named after rule and time, not after its id", () => {
		const runs = [readRun(firing(), whole), readRun(firing({ id: "another delivery" }), whole)];

		expect(runs[0]).toEqual(runs[1]);
		expect(runs[0]).toEqual({
			run: nameRun({ stack, trigger: "schedule", caller: rule, key: "2026-10-24T02:00:01Z" }),
			trigger: "schedule",
			requestedBy: "schedule:nightly",
			slot: "2026-10-24T02:00:01Z",
			request: whole,
		});
	});

	test("is accepted as EventBridge Scheduler sends it without an input", () => {
		const event = firing({ source: "aws.scheduler", resources: [schedule], detail: "{}" });

		expect(readRun(event, whole).run).toBe(
			nameRun({ stack, trigger: "schedule", caller: schedule, key: "2026-10-24T02:00:01Z" }),
		);
	});

	test("runs its own request if it has one", () => {
		expect(readRun(firing({ detail: { ...request, retentionInDays: 3 } }), whole).request.retentionInDays).toBe(3);
	});

	test("is refused without a default request, a rule or a time", () => {
		expect(() => readRun(firing())).toThrow(
			"event: detail must hold a request, since DEFAULT_REQUEST is not configured",
		);
		expect(faultsOf(firing({ resources: [] }))).toEqual(["/resources/0"]);
		expect(faultsOf(firing({ time: "soon" }))).toEqual(["/time"]);
	});
});

describe("events that are no requests", () => {
	test.each([
		["S3", { Records: [{ eventSource: "aws:s3", s3: {} }] }, "/Records"],
		["SQS", { Records: [{ eventSource: "aws:sqs", body: JSON.stringify(request) }] }, "/Records"],
		["SNS", { Records: [{ EventSource: "aws:sns", Sns: {} }] }, "/Records"],
		["a load balancer", { requestContext: { elb: {} }, httpMethod: "POST", path: "/snapshots", body: "{}" }, ""],
		["CloudWatch Logs", { awslogs: { data: "x" } }, ""],
		["a bare request", request, ""],
		["nothing", {}, ""],
		["a list", [request], ""],
		["text", "request", ""],
		["null", null, ""],
	])("are refused: %s", (_, event, pointer) => {
		expect(faultsOf(event)).toEqual([pointer]);
		expect(() => readRun(event)).toThrow(expect.objectContaining({ name: "EVENT_INVALID" }));
	});
});

test("any input gives a run or an InputError, and the same input the same run", () => {
	const keys = fc.constantFrom("request", "schedule", "scheduledTime", "detail-type", "source", "detail", "id", "time");
	fc.assert(
		fc.property(fc.oneof(fc.jsonValue(), fc.dictionary(keys, fc.jsonValue())), (event) => {
			try {
				expect(readRun(event, whole)).toEqual(readRun(structuredClone(event), whole));
			} catch (error) {
				expect(error).toBeInstanceOf(InputError);
			}
		}),
		{ numRuns: 2000 },
	);
});
