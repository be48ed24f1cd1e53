/**
 * Lets askers share a look: all of them while it is under way, then for as long as its result is fresh. A failure is
 * told to those who waited for it, and forgotten.
 *
 * @param freshFor milliseconds for which a result serves
 * @param now epoch milliseconds
 */
export function shareReadings<T>(
	look: (key: string) => Promise<T>,
	freshFor: (result: T) => number,
	now: () => number,
	capacity: number,
): (key: string) => Promise<T> {
	const underWay = new Map<string, Promise<T>>();
	const seen = createMemory<{ readonly result: T; readonly until: number }>(capacity);

	return (key) => {
		const fresh = seen.get(key);
		if (fresh && now() < fresh.until) return Promise.resolve(fresh.result);
		const running = underWay.get(key);
		if (running) return running;
		const reading = look(key)
			.then((result) => {
				seen.set(key, { result, until: now() + freshFor(result) });
				return result;
			})
			.finally(() => underWay.delete(key));
		underWay.set(key, reading);
		return reading;
	};
}

/** A map that forgets: the oldest entry gives way to the newest when it is full. */
export interface Memory<T> {
	get(key: string): T | undefined;
	set(key: string, value: T): void;
}

export function createMemory<T>(capacity: number): Memory<T> {
	const entries = new Map<string, T>();
	return {
		get: (key) => entries.get(key),
		set(key, value) {
			entries.delete(key);
			entries.set(key, value);
			if (entries.size <= capacity) return;
			const oldest = entries.keys().next();
			if (!oldest.done) entries.delete(oldest.value);
		},
	};
}
