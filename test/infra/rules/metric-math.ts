/** Functions of metric math. @see CloudWatch user guide, "Using math expressions with CloudWatch metrics" */
const FUNCTIONS = new Set(
	(
		"ABS ANOMALY_DETECTION_BAND AVG CEIL DATAPOINT_COUNT DB_PERF_INSIGHTS DIFF DIFF_TIME FILL FIRST LAST FLOOR IF " +
		"INSIGHT_RULE_METRIC LAMBDA LOG LOG10 MAX METRIC_COUNT METRICS MIN MINUTE HOUR DAY DATE MONTH YEAR EPOCH PERIOD " +
		"RATE REMOVE_EMPTY RUNNING_SUM SEARCH SERVICE_QUOTA SLICE SORT STDDEV SUM TIME_SERIES"
	).split(" "),
);
/** What alarms may not use, from the same page and from "Using metrics math in alarms": they watch one time series. */
const NOT_IN_ALARMS = new Set(["SEARCH", "METRICS", "METRIC_COUNT", "SORT", "SLICE"]);
const OPERATORS = new Set(["AND", "OR"]);
const WORDS = new Set(["REPEAT", "LINEAR", "ASC", "DESC", "NULL", "TRUE", "FALSE"]);

/**
 * What CloudWatch would refuse of a metric math expression, a line each: what is not a function, an id, a number, a text
 * or an operator; ids that nothing bears; brackets that do not match; what an alarm may not use.
 *
 * @param ids of the metrics beside it
 */
export function mathFaults(expression: string, ids: ReadonlySet<string>, isInAlarm: boolean): string[] {
	const faults: string[] = [];
	const rest = expression.replaceAll(
		/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\b\d+(?:\.\d+)?\b|([A-Za-z]\w*)(\s*\()?/g,
		(whole, word: string | undefined, bracket: string | undefined) => {
			if (word === undefined) {
				const search = /^'\{/.test(whole) ? searchFault(whole.slice(1, -1)) : undefined;
				if (search !== undefined) faults.push(search);
				return "x";
			}
			if (OPERATORS.has(word.toUpperCase())) return bracket === undefined ? "&" : "&(";
			if (bracket !== undefined && !FUNCTIONS.has(word.toUpperCase())) faults.push(`${word} is no function`);
			if (bracket !== undefined && isInAlarm && NOT_IN_ALARMS.has(word.toUpperCase())) {
				faults.push(`${word} may not stand in an alarm`);
			}
			if (bracket === undefined && !ids.has(word) && !WORDS.has(word.toUpperCase())) {
				faults.push(`${word} is no metric here`);
			}
			return bracket === undefined ? "x" : "f(";
		},
	);
	if (/[^xf()[\],+\-*/^<>=!&|\s]/.test(rest)) faults.push(`${rest} holds a sign that is none`);
	if (/x\s*x/.test(rest)) faults.push("an operator is missing");
	if (/\(\s*,|,\s*[,)]|[+*/^]\s*(?:[+*/^,)]|$)|^\s*$/.test(rest)) faults.push("an operand is missing");
	let depth = 0;
	for (const sign of rest) {
		if (sign === "(") depth++;
		if (sign === ")" && --depth < 0) break;
	}
	if (depth !== 0) faults.push("brackets do not match");
	return faults;
}

/**
 * `{namespace, dimension, …} term …`: a name with other characters than letters, digits, `_`, `-`, `.` and `/` stands in
 * double quotes.
 *
 * @see CloudWatch user guide, "CloudWatch search expression syntax"
 */
export function searchFault(search: string): string | undefined {
	const read = /^\{([^{}]*)\}(.*)$/s.exec(search);
	if (!read) return "a search begins with {namespace, dimension, …}";
	const names = (read[1] ?? "").split(",").map((name) => name.trim());
	if (!names.every((name) => /^(?:"[^"]+"|[\w./:#-]+)$/.test(name))) return "a name in a search's schema wants quotes";
	return ((read[2] ?? "").match(/"/g) ?? []).length % 2 === 0 ? undefined : "a quote of a search is not closed";
}
