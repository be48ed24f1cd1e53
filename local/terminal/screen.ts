import { stripVTControlCharacters, styleText } from "node:util";
import type { TargetStatus } from "../../lambda/domain/outcome.ts";

type Style = Parameters<typeof styleText>[0];

/** Lines that stay, and below them lines that are written anew as things change. */
export interface Screen {
	/**
	 * Writes a line that stays. What is longer than the terminal is wide goes on in the next line.
	 *
	 * @param indent columns by which the lines after the first are indented
	 */
	line(text: string, indent?: number): void;
	/** Replaces the lines at the bottom; on anything but a terminal there are none. */
	live(lines: readonly string[]): void;
	/** Colours where the stream shows them and `NO_COLOR` is not set. */
	paint(style: Style, text: string): string;
	readonly isTerminal: boolean;
	/** Columns; without end on anything but a terminal. */
	columns(): number;
}

/** @param write past anything that was put in the stream's own place */
export function createScreen(stream: NodeJS.WriteStream, write: (text: string) => void): Screen {
	const isTerminal = stream.isTTY === true;
	const columns = () => (isTerminal ? (stream.columns > 0 ? stream.columns : 80) : Number.POSITIVE_INFINITY);
	let living: readonly string[] = [];
	/** As many of them as were drawn. */
	let drawn = 0;
	const clear = () => (drawn === 0 ? "" : `\r\u001b[${drawn > 1 ? `${drawn - 1}A\u001b[` : ""}J`);
	const draw = () => {
		const lines = living.slice(0, Math.max(1, (stream.rows || 24) - 2));
		drawn = lines.length;
		// One column is left free: a line that fills the last one wraps on some terminals.
		return lines.map((line) => cut(line, columns() - 1)).join("\n");
	};
	return {
		isTerminal,
		columns,
		paint: (style, text) => styleText(style, text, { stream }),
		line(text, indent = 0) {
			const lines = wrap(text, columns(), indent);
			write(`${clear()}${lines.join("\n")}\n${draw()}`);
		},
		live(lines) {
			if (!isTerminal || lines.join("\n") === living.join("\n")) return;
			const cleared = clear();
			living = lines;
			write(`${cleared}${draw()}`);
		},
	};
}

/** Columns that a text takes, without its colours. */
export const widthOf = (text: string): number => stripVTControlCharacters(text).length;

/** Breaks a text at its spaces into lines of at most so many columns; a word that is longer stays whole. */
export function wrap(text: string, columns: number, indent = 0): readonly string[] {
	const lines: string[] = [];
	for (const paragraph of text.split("\n")) {
		let line = "";
		for (const [index, word] of paragraph.split(/(?<=\S) (?=\S)/).entries()) {
			const longer = index === 0 ? word : `${line} ${word}`;
			if (index === 0 || widthOf(longer) <= columns) line = longer;
			else {
				lines.push(line);
				line = `${" ".repeat(indent)}${word}`;
			}
		}
		lines.push(line);
	}
	return lines;
}

/** A line without colours is cut where it is too long. */
const cut = (line: string, columns: number): string =>
	widthOf(line) <= columns ? line : `${stripVTControlCharacters(line).slice(0, columns - 1)}…`;

/** How each state is shown. */
export const STATE_STYLE: Readonly<Record<TargetStatus["state"], Style>> = {
	PENDING: "gray",
	STARTED: "cyan",
	LATE: "yellow",
	COMPLETED: "green",
	FAILED: "red",
	SKIPPED: "yellow",
	REFUSED: "red",
	LOST: "red",
};

/** @param seconds whole, or not */
export function duration(seconds: number): string {
	const whole = Math.round(seconds);
	if (whole < 60) return `${whole} s`;
	if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
	return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** A run's name, shortened: the lines of its start show it whole. */
export const short = (run: string): string => run.replace(/^([a-z]+-[0-9a-f]{8})[0-9a-f]+$/, "$1…");
