/**
 * Checks a schedule's expression at synth: AWS would refuse it at the deploy, or it would never fire.
 *
 * @see EventBridge Scheduler user guide, "Schedule types": `rate(value unit)` and `cron(minutes hours day-of-month
 * month day-of-week year)`
 */
export function expressionFault(expression: string): string | undefined {
	const rate = /^rate\((\d{1,6}) (minute|minutes|hour|hours|day|days)\)$/.exec(expression);
	if (rate) return rateFault(Number(rate[1]), rate[2] ?? "");
	const cron = /^cron\(([^()]*)\)$/.exec(expression);
	if (cron) return cronFault((cron[1] ?? "").trim().split(/ +/));
	return "must be rate(<number> <unit>) or cron(<minutes> <hours> <day of month> <month> <day of week> <year>)";
}

function rateFault(value: number, unit: string): string | undefined {
	if (value === 0) return "must have a rate of 1 or more";
	return (value === 1) === unit.endsWith("s") ? `must say ${value === 1 ? "one unit" : "units"} of time` : undefined;
}

interface Field {
	readonly name: string;
	readonly minimum: number;
	readonly maximum: number;
	/** Names of values, the first of which is `minimum`. */
	readonly names?: readonly string[];
	/** What may stand here beside numbers, lists, ranges and steps. */
	readonly special?: RegExp;
}

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const FIELDS: readonly Field[] = [
	{ name: "minutes", minimum: 0, maximum: 59 },
	{ name: "hours", minimum: 0, maximum: 23 },
	{ name: "day of month", minimum: 1, maximum: 31, special: /^(\?|L|LW|([1-9]|[12]\d|3[01])W)$/ },
	{ name: "month", minimum: 1, maximum: 12, names: MONTHS },
	{
		name: "day of week",
		minimum: 1,
		maximum: 7,
		names: DAYS,
		special: /^(\?|L|([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(L|#[1-5]))$/,
	},
	{ name: "year", minimum: 1970, maximum: 2199 },
];

function cronFault(parts: readonly string[]): string | undefined {
	if (parts.length !== FIELDS.length)
		return "must have six cron fields: minutes, hours, day of month, month, day of week, year";
	for (const [index, field] of FIELDS.entries()) {
		const terms = (parts[index] ?? "").split(",");
		if (!terms.every((term) => field.special?.test(term) || isTerm(field, term))) {
			return `must have a valid cron field for ${field.name}`;
		}
	}
	const [, , dayOfMonth = "", month = "", dayOfWeek = ""] = parts;
	if ((dayOfMonth === "?") === (dayOfWeek === "?")) {
		return "must have ? as exactly one of day of month and day of week";
	}
	return hasDay(dayOfMonth, month) ? undefined : "must name a day that its months have";
}

/** `*`, a value, a range, or one of these with a step. */
function isTerm(field: Field, term: string): boolean {
	const read = /^(?:\*|(\w+)(?:-(\w+))?)(?:\/(\d{1,4}))?$/.exec(term);
	if (!read) return false;
	const [, from, to, step] = read;
	const inField = (text: string | undefined) => text === undefined || numberOf(field, text) !== undefined;
	const ascends = to === undefined || Number(numberOf(field, from ?? "")) <= Number(numberOf(field, to));
	return inField(from) && inField(to) && ascends && (step === undefined || isStep(field, step));
}

/** A step longer than the field names one value only, which is hardly meant. */
const isStep = ({ minimum, maximum }: Field, step: string): boolean =>
	Number(step) > 0 && Number(step) <= maximum - minimum + 1;

function numberOf({ minimum, maximum, names = [] }: Field, text: string): number | undefined {
	const named = names.indexOf(text.toUpperCase());
	const value = named >= 0 ? named + minimum : /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
	return value >= minimum && value <= maximum ? value : undefined;
}

/** Whether a day of the month given as a plain number (the 31st of February) is one that some of the months have. */
function hasDay(dayOfMonth: string, month: string): boolean {
	const days = dayOfMonth.split(",");
	if (!days.every((day) => /^\d+$/.test(day))) return true;
	const months = month.split(",").map((text) => numberOf(FIELDS[3] as Field, text));
	const longest = Math.max(
		...months.map((number) => (number === undefined ? 31 : new Date(Date.UTC(2024, number, 0)).getUTCDate())),
	);
	return days.some((day) => Number(day) <= longest);
}
