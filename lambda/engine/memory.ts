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
