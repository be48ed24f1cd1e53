/**
 * How AWS is called: a service that accepts the connection and never answers holds an invocation for 17 seconds, not for
 * as long as Lambda lets it. What then failed is tried again by the run, after a pause that costs nothing.
 */
export const AWS_CALLS = {
	maxAttempts: 3,
	// The socket's own timer: it keeps real time also where a test moves the clock on.
	requestHandler: { connectionTimeout: 2_000, socketTimeout: 5_000 },
} as const;
