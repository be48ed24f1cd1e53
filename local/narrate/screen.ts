import { styleText } from "node:util";

export type Style = Parameters<typeof styleText>[0];

/** Lines that stay, and below them one that lives. */
export interface Screen {
	line(text: string): void;
	/** Replaces the living line; on anything but a terminal there is none. */
	live(text: string): void;
	/** Colours where the stream shows them and `NO_COLOR` is not set. */
	paint(style: Style, text: string): string;
	readonly isTerminal: boolean;
}

const CLEAR = "\r\u001b[2K";

/** @param write past anything that was put in the stream's own place */
export function createScreen(stream: NodeJS.WriteStream, write: (text: string) => void): Screen {
	const isTerminal = stream.isTTY === true;
	let living = "";
	const draw = () => {
		if (living !== "") write(living.slice(0, (stream.columns || 80) - 1));
	};
	return {
		isTerminal,
		paint: (style, text) => styleText(style, text, { stream }),
		line(text) {
			write(`${living === "" ? "" : CLEAR}${text}\n`);
			draw();
		},
		live(text) {
			if (!isTerminal || text === living) return;
			if (living !== "") write(CLEAR);
			living = text;
			draw();
		},
	};
}
