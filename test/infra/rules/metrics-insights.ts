import { readFileSync } from "node:fs";

/** @see CloudWatch user guide, "Metrics Insights reserved keywords" */
const RESERVED: ReadonlySet<string> = new Set(
	readFileSync(new URL("./reserved-words.txt", import.meta.url), "utf8").split(/\s+/),
);

const FUNCTIONS = ["AVG", "COUNT", "MAX", "MIN", "SUM"];

type Token =
	| { readonly kind: "word" | "name" | "text" | "number"; readonly text: string }
	| { readonly kind: "sign"; readonly text: string };

/**
 * What CloudWatch would refuse of a Metrics Insights query, or `undefined`.
 *
 * `SELECT FUNCTION(metricName) FROM namespace | SCHEMA(namespace [, labelKey …]) [WHERE labelKey OPERATOR labelValue
 * [AND …]] [GROUP BY labelKey [, …]] [ORDER BY FUNCTION() [ASC | DESC]] [LIMIT number]`
 *
 * Names are letters, digits and underscores, no digit first, and no reserved word; any other stands in double quotes,
 * values in single ones.
 *
 * @see CloudWatch user guide, "Query components and syntax in CloudWatch Metrics Insights", also on quotes and escapes;
 * "Reserved keywords"
 */
export function queryFault(query: string): string | undefined {
	try {
		new Parser(tokensOf(query)).query();
		return undefined;
	} catch (error) {
		if (error instanceof SyntaxError) return error.message;
		throw error;
	}
}

/** Whether a metric's expression is a query, not metric math. */
export const isQuery = (expression: string): boolean => /^\s*SELECT\b/i.test(expression);

function tokensOf(query: string): Token[] {
	const token = /\s*(?:"((?:[^"\\]|\\.|"")*)"|'((?:[^'\\]|\\.|'')*)'|(\d+(?:\.\d+)?)(?!\w)|(\w+)|(!=|<>|[(),=*]))/y;
	const tokens: Token[] = [];
	while (token.lastIndex < query.trimEnd().length) {
		const at = token.lastIndex;
		const [, name, text, number, word, sign] = token.exec(query) ?? [];
		if (name !== undefined) tokens.push({ kind: "name", text: name });
		else if (text !== undefined) tokens.push({ kind: "text", text });
		else if (number !== undefined) tokens.push({ kind: "number", text: number });
		else if (word !== undefined) tokens.push({ kind: "word", text: word });
		else if (sign !== undefined) tokens.push({ kind: "sign", text: sign });
		else throw new SyntaxError(`cannot be read from character ${at + 1} on`);
	}
	return tokens;
}

class Parser {
	readonly #tokens: readonly Token[];
	#next = 0;

	constructor(tokens: readonly Token[]) {
		this.#tokens = tokens;
	}

	query(): void {
		this.#keyword("SELECT");
		this.#function();
		this.#sign("(");
		this.#identifier("metric name");
		this.#sign(")");
		this.#keyword("FROM");
		if (this.#takes("SCHEMA")) this.#list(() => this.#identifier("namespace or label key"));
		else this.#identifier("namespace");
		if (this.#takes("WHERE")) this.#filters();
		if (this.#takes("GROUP")) this.#grouping();
		if (this.#takes("ORDER")) this.#ordering();
		if (this.#takes("LIMIT")) this.#limit();
		const rest = this.#tokens[this.#next];
		if (rest) throw new SyntaxError(`${rest.text} is not expected`);
	}

	#filters(): void {
		do {
			this.#identifier("label key");
			const operator = this.#take();
			if (operator?.kind !== "sign" || !["=", "!="].includes(operator.text))
				throw new SyntaxError("= or != is missing");
			const value = this.#take();
			if (value?.kind !== "text") throw new SyntaxError("a label value must stand in single quotes");
		} while (this.#takes("AND"));
	}

	#grouping(): void {
		this.#keyword("BY");
		do this.#identifier("label key");
		while (this.#takesSign(","));
	}

	#ordering(): void {
		this.#keyword("BY");
		this.#function();
		this.#sign("(");
		this.#sign(")");
		if (!this.#takes("ASC")) this.#takes("DESC");
	}

	#limit(): void {
		const count = this.#take();
		if (count?.kind !== "number" || !(Number(count.text) >= 1 && Number(count.text) <= 500)) {
			throw new SyntaxError("LIMIT wants a number from 1 to 500");
		}
	}

	#list(item: () => void): void {
		this.#sign("(");
		do item();
		while (this.#takesSign(","));
		this.#sign(")");
	}

	#function(): void {
		const word = this.#take();
		if (word?.kind !== "word" || !FUNCTIONS.includes(word.text.toUpperCase())) {
			throw new SyntaxError(`a function is missing: ${FUNCTIONS.join(", ")}`);
		}
	}

	#identifier(what: string): void {
		const token = this.#take();
		if (token?.kind === "name" && token.text !== "") return;
		if (token?.kind !== "word") throw new SyntaxError(`a ${what} is missing`);
		if (/^\d/.test(token.text)) throw new SyntaxError(`${token.text} begins with a digit: it wants double quotes`);
		if (RESERVED.has(token.text.toUpperCase())) {
			throw new SyntaxError(`${token.text} is a reserved word: it wants double quotes`);
		}
	}

	#keyword(keyword: string): void {
		if (!this.#takes(keyword)) throw new SyntaxError(`${keyword} is missing`);
	}

	#takes(keyword: string): boolean {
		const token = this.#tokens[this.#next];
		if (token?.kind !== "word" || token.text.toUpperCase() !== keyword) return false;
		this.#next++;
		return true;
	}

	#takesSign(sign: string): boolean {
		const token = this.#tokens[this.#next];
		if (token?.kind !== "sign" || token.text !== sign) return false;
		this.#next++;
		return true;
	}

	#sign(sign: string): void {
		if (!this.#takesSign(sign)) throw new SyntaxError(`${sign} is missing`);
	}

	#take(): Token | undefined {
		return this.#tokens[this.#next++];
	}
}
