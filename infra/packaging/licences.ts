/** The licences of the libraries within a bundle. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

interface Library {
	/** Name and version. */
	readonly name: string;
	/** SPDX identifier. */
	readonly license: string;
	readonly texts: readonly string[];
}

const LICENCE_FILE = /^(licen[cs]e|copying|notice)(\.|-|$)/i;

/**
 * @param inputs paths of the sources in the bundle, as esbuild's metafile has them
 * @param root folder that they are relative to
 * @returns the text of `THIRD-PARTY-LICENSES.txt`: each licence once, with the libraries that are under it
 * @throws Error naming a library whose licence is not known
 */
export async function licencesOf(inputs: Iterable<string>, root: string): Promise<string> {
	const folders = new Set<string>();
	for (const input of inputs) {
		const [, folder] = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input) ?? [];
		if (folder !== undefined) folders.add(folder);
	}
	const libraries = await Promise.all([...folders].toSorted().map((folder) => libraryIn(join(root, folder))));
	const namesByText = new Map<string, string[]>();
	for (const library of libraries) {
		const texts = library.texts.length > 0 ? library.texts : [standardText(library, libraries)];
		for (const text of texts) namesByText.set(text, [...(namesByText.get(text) ?? []), library.name]);
	}
	const sections = [...namesByText].map(([text, names]) => `${names.join("\n")}\n\n${text}\n`);
	return `Software of others in this folder, and its licences\n\n${sections.join(`\n${"-".repeat(80)}\n\n`)}`;
}

async function libraryIn(folder: string): Promise<Library> {
	const [manifest, files] = await Promise.all([readFile(join(folder, "package.json"), "utf8"), readdir(folder)]);
	const { name, version, license }: Record<string, unknown> = JSON.parse(manifest);
	const licences = files.filter((file) => LICENCE_FILE.test(file)).toSorted();
	const texts = await Promise.all(licences.map((file) => readFile(join(folder, file), "utf8")));
	return {
		name: `${String(name)} ${String(version)}`,
		license: String(license),
		texts: texts.map((text) => text.trim()),
	};
}

/** The text of a licence that a library names and does not bring. */
function standardText({ name, license }: Library, others: readonly Library[]): string {
	const holder = `Copyright (c) the authors of ${name}`;
	if (license === "MIT") return `MIT License\n\n${holder}\n\n${PERMISSION}, ${CONDITION}\n\n${DISCLAIMER}`;
	// It is the MIT licence without its condition. @see https://spdx.org/licenses/MIT-0
	if (license === "MIT-0") return `MIT No Attribution\n\n${holder}\n\n${PERMISSION}.\n\n${DISCLAIMER}`;
	const terms = others.filter((other) => other.license === license).flatMap(({ texts }) => texts);
	const [apache] = terms.flatMap((text) => /^.*END OF TERMS AND CONDITIONS/s.exec(text) ?? []);
	if (license !== "Apache-2.0" || apache === undefined) throw new Error(`${name}: no text of its licence ${license}`);
	return apache;
}

const PERMISSION = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so`;

const CONDITION = `subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.`;

const DISCLAIMER = `THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;
