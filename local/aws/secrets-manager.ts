import { randomUUID } from "node:crypto";
import { ACCOUNT, AwsError, type AwsReply, type AwsRequest, REGION, readJsonObject } from "./protocol.ts";

interface Version {
	readonly id: string;
	readonly text: string;
	/** Epoch milliseconds. */
	readonly createdAt: number;
}

/** Secrets with their current and previous versions. */
export interface Secrets {
	/** Adds a current version; the one before becomes the previous one, as in a rotation. */
	put(id: string, text: string): void;
	/** Removes the secret and its versions. */
	remove(id: string): void;
	/** Answers GetSecretValue. */
	answer(request: AwsRequest): AwsReply;
}

/** @see AWS Secrets Manager API, GetSecretValue */
export function createSecrets(initial: Readonly<Record<string, string>>): Secrets {
	const versions = new Map<string, Version[]>();
	const put = (id: string, text: string) => {
		const version = { id: randomUUID(), text, createdAt: Date.now() };
		versions.set(id, [version, ...(versions.get(id) ?? [])].slice(0, 2));
	};
	for (const [id, text] of Object.entries(initial)) put(id, text);
	return {
		put,
		remove: (id) => void versions.delete(id),
		answer({ body }) {
			const { SecretId, VersionId, VersionStage } = readJsonObject(body);
			const name = typeof SecretId === "string" ? SecretId.replace(ARN, "") : "";
			const kept = versions.get(name) ?? [];
			const index = kept.findIndex(
				({ id }, i) => id === (VersionId ?? id) && STAGES[i] === (VersionStage ?? STAGES[0]),
			);
			const version = kept[index];
			if (!version)
				throw new AwsError("ResourceNotFoundException", 400, "Secrets Manager can't find the specified secret.");
			return {
				status: 200,
				body: {
					ARN: `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${name}-AbCdEf`,
					Name: name,
					VersionId: version.id,
					SecretString: version.text,
					VersionStages: [STAGES[index]],
					CreatedDate: version.createdAt / 1000,
				},
			};
		},
	};
}

const STAGES = ["AWSCURRENT", "AWSPREVIOUS"];
/** The parts of an ARN around a secret's name; Secrets Manager adds the six characters at its end. */
const ARN = /^arn:aws:secretsmanager:[^:]+:\d{12}:secret:|(?<=^arn:.*)-\w{6}$/g;
