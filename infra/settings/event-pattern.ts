import { escapePointer, type InputFault } from "../../lambda/domain/errors.ts";
import { isRecord, type JsonObject } from "../../lambda/domain/json.ts";

/** Characters of a pattern as JSON. @see EventBridge user guide, "Amazon EventBridge quotas" */
const LONGEST = 2048;

/** Fields of an event's envelope. @see EventBridge user guide, "Events structure reference" */
const ENVELOPE = ["version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail", "$or"];

/** What may stand in a list in place of a value, and what it takes. @see EventBridge user guide, "Comparison operators" */
const OPERATORS: Readonly<Record<string, (value: unknown) => boolean>> = {
	prefix: (value) => isText(value) || isIgnoringCase(value),
	suffix: (value) => isText(value) || isIgnoringCase(value),
	"equals-ignore-case": (value) => isText(value),
	wildcard: (value) => isText(value) && !value.includes("**"),
	exists: (value) => typeof value === "boolean",
	cidr: (value) => isText(value) && /^[\da-fA-F.:]+\/\d{1,3}$/.test(value),
	numeric: isComparison,
	"anything-but": (value) =>
		isScalar(value) ||
		(Array.isArray(value) && value.length > 0 && value.every(isScalar)) ||
		(isRecord(value) && Object.keys(value).length === 1 && isFilteredBut(value)),
};

/**
 * Checks an event pattern at synth: EventBridge would refuse it at the deploy, or the rule would never match an event.
 *
 * @param pointer of the pattern, for the faults
 */
export function patternFaults(pattern: unknown, pointer: string): InputFault[] {
	if (!isRecord(pattern)) return [{ pointer, detail: "must be an EventBridge event pattern, a JSON object" }];
	const unknown = Object.keys(pattern).filter((key) => !ENVELOPE.includes(key));
	const faults = [
		...unknown.map((key) => ({ pointer: `${pointer}/${escapePointer(key)}`, detail: "is no field of an event" })),
		...objectFaults(pattern, pointer),
	];
	if (faults.length === 0 && JSON.stringify(pattern).length > LONGEST) {
		return [{ pointer, detail: `must not be longer than ${LONGEST} characters` }];
	}
	return faults;
}

function objectFaults(node: JsonObject, pointer: string): InputFault[] {
	const entries = Object.entries(node);
	if (entries.length === 0) return [{ pointer, detail: "must have a field: an empty pattern is refused" }];
	return entries.flatMap(([key, value]) => {
		const at = `${pointer}/${escapePointer(key)}`;
		if (key === "$or" && Array.isArray(value)) return alternativesFaults(value, at);
		if (isRecord(value)) return objectFaults(value, at);
		return Array.isArray(value) ? listFaults(value, at) : [{ pointer: at, detail: "must be a list of values" }];
	});
}

function alternativesFaults(list: readonly unknown[], pointer: string): InputFault[] {
	if (list.length < 2 || !list.every(isRecord)) return [{ pointer, detail: "must be a list of two patterns or more" }];
	return list.flatMap((pattern, index) => objectFaults(pattern, `${pointer}/${index}`));
}

function listFaults(list: readonly unknown[], pointer: string): InputFault[] {
	if (list.length === 0) return [{ pointer, detail: "must have a value: an empty list is refused" }];
	return list.flatMap((item, index) =>
		isScalar(item) || isFilter(item)
			? []
			: [{ pointer: `${pointer}/${index}`, detail: "must be a text, a number, true, false, null or one comparison" }],
	);
}

function isFilter(item: unknown): boolean {
	if (!isRecord(item)) return false;
	const [entry, ...more] = Object.entries(item);
	return entry !== undefined && more.length === 0 && compares(entry[0], entry[1]);
}

const compares = (operator: string, operand: unknown): boolean =>
	Object.hasOwn(OPERATORS, operator) && (OPERATORS[operator]?.(operand) ?? false);

const isFilteredBut = (value: JsonObject): boolean =>
	Object.entries(value).every(
		([operator, operand]) =>
			["prefix", "suffix", "equals-ignore-case", "wildcard"].includes(operator) &&
			[operand].flat().length > 0 &&
			[operand].flat().every((one) => compares(operator, one)),
	);

/** `["<", 5]`, `[">=", 0, "<", 5]` */
function isComparison(value: unknown): boolean {
	if (!Array.isArray(value) || (value.length !== 2 && value.length !== 4)) return false;
	return value.every((part, index) =>
		index % 2 === 0 ? ["<", "<=", "=", ">", ">="].includes(part) : typeof part === "number" && Number.isFinite(part),
	);
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
const isIgnoringCase = (value: unknown): boolean =>
	isRecord(value) && Object.keys(value).join() === "equals-ignore-case" && isText(value["equals-ignore-case"]);
const isScalar = (value: unknown): boolean => value === null || ["string", "number", "boolean"].includes(typeof value);
