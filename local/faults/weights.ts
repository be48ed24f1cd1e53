import * as fc from "fast-check";

/** Short words for arbitraries of which most plans hold the plain value. */

export const always = <const T>(value: T): fc.Arbitrary<T> => fc.constant(value);

export const oneOf = <const T>(...values: readonly [T, ...T[]]): fc.Arbitrary<T> => fc.constantFrom(...values);

/** The first value so many times as often as the second. */
export const mostly = <const T>(times: number, plain: T, other: T): fc.Arbitrary<T> =>
	fc.oneof({ weight: times, arbitrary: fc.constant(plain) }, { weight: 1, arbitrary: fc.constant(other) });

/** The value so many times as often as one that is drawn. */
export const seldom = <const T, U>(times: number, plain: T, other: fc.Arbitrary<U>): fc.Arbitrary<T | U> =>
	fc.oneof({ weight: times, arbitrary: fc.constant(plain) as fc.Arbitrary<T | U> }, { weight: 1, arbitrary: other });

/** None to `most`. */
export const some = <T>(what: fc.Arbitrary<T>, most: number): fc.Arbitrary<T[]> => fc.array(what, { maxLength: most });

/** Seconds, from a moment to days: as many of a minute as of a day. */
export const anyLength = (most: number): fc.Arbitrary<number> =>
	fc.integer({ min: 0, max: Math.floor(10 * Math.log2(most)) }).map((tenths) => Math.round(2 ** (tenths / 10)));
