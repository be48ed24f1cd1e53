import { randomBytes, randomUUID } from "node:crypto";

/** What a client needs to be let in, both ways. */
export interface KeySet {
	readonly publicKey: string;
	readonly privateKey: string;
	readonly clientId: string;
	readonly clientSecret: string;
}

interface Token {
	readonly clientId: string;
	/** The secret it was minted with: it dies with it. */
	readonly clientSecret: string;
	/** Epoch milliseconds. */
	readonly expiresAt: number;
}

/** All keys and secrets that are good now, and the tokens minted. */
export interface CredentialStore {
	/** The newest. */
	current: KeySet;
	/** Public key → private key. */
	readonly apiKeys: Map<string, string>;
	/** Client id → secrets; Atlas allows two at once while one is rotated. */
	readonly serviceAccounts: Map<string, Set<string>>;
	readonly tokens: Map<string, Token>;
}

const letters = (count: number): string =>
	Array.from(randomBytes(count), (byte) => "abcdefghijklmnopqrstuvwxyz"[byte % 26]).join("");

/** Keys as Atlas makes them; ids and secrets hold `_`, which must reach Atlas as it is. */
function newKeys(clientId = `mdb_sa_id_${randomBytes(12).toString("hex")}`): KeySet {
	return {
		publicKey: letters(8),
		privateKey: randomUUID(),
		clientId,
		clientSecret: `mdb_sa_sk_${randomBytes(30).toString("base64url")}`,
	};
}

export function createCredentials(given: Partial<KeySet> = {}): CredentialStore {
	const current = { ...newKeys(), ...given };
	return {
		current,
		apiKeys: new Map([[current.publicKey, current.privateKey]]),
		serviceAccounts: new Map([[current.clientId, new Set([current.clientSecret])]]),
		tokens: new Map(),
	};
}

/** A new API key and a new secret of the same service account; the old ones stay good until `retireOldKeys`. */
export function rotateKeys(credentials: CredentialStore): KeySet {
	const next = newKeys(credentials.current.clientId);
	credentials.apiKeys.set(next.publicKey, next.privateKey);
	credentials.serviceAccounts.get(next.clientId)?.add(next.clientSecret);
	credentials.current = next;
	return next;
}

/** Leaves only the current keys good; tokens minted with an older secret go with it. */
export function retireOldKeys(credentials: CredentialStore): void {
	const { publicKey, privateKey, clientId, clientSecret } = credentials.current;
	credentials.apiKeys.clear();
	credentials.apiKeys.set(publicKey, privateKey);
	credentials.serviceAccounts.clear();
	credentials.serviceAccounts.set(clientId, new Set([clientSecret]));
	for (const [text, token] of credentials.tokens)
		if (token.clientSecret !== clientSecret) credentials.tokens.delete(text);
}

/** Mints a token, or undefined where the service account has as many as it may. */
export function issueToken(
	credentials: CredentialStore,
	client: { readonly clientId: string; readonly clientSecret: string },
	limits: { readonly tokenSeconds: number; readonly liveTokens: number },
	now: number,
): string | undefined {
	let live = 0;
	for (const [text, token] of credentials.tokens) {
		if (token.expiresAt <= now) credentials.tokens.delete(text);
		else if (token.clientId === client.clientId) live += 1;
	}
	if (live >= limits.liveTokens) return undefined;
	const text = randomBytes(48).toString("base64url");
	credentials.tokens.set(text, { ...client, expiresAt: now + limits.tokenSeconds * 1000 });
	return text;
}
