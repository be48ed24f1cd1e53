import { randomBytes } from "node:crypto";

let process5 = randomBytes(5).toString("hex");
let counter = randomBytes(3).readUIntBE(0, 3);

/**
 * Makes the ids from now on the same each time.
 *
 * @param id stands for the process, in ten hexadecimal digits
 */
export function restartObjectIds(id: string): void {
	process5 = id;
	counter = 0;
}

/**
 * A new ObjectId: four bytes of seconds, five of the process, three of a counter. Atlas's snapshot ids carry the second
 * of the POST, and so do these.
 *
 * @param at epoch milliseconds
 */
export function objectId(at: number): string {
	counter = (counter + 1) % 0x1000000;
	return `${Math.floor(at / 1000)
		.toString(16)
		.padStart(8, "0")}${process5}${counter.toString(16).padStart(6, "0")}`;
}

/** As ids travel in paths and bodies. */
export const OBJECT_ID = /^[a-f0-9]{24}$/;
