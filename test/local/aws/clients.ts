import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { FakeAws } from "../../../local/aws/index.ts";

/** The SDK's own clients, pointed at the fake services. */
export function clientsOf({ url, credentials }: Pick<FakeAws, "url" | "credentials">, maxAttempts = 1) {
	const config = {
		endpoint: url,
		region: "us-east-1",
		credentials,
		maxAttempts,
	};
	return {
		secretsManager: new SecretsManagerClient(config),
		eventBridge: new EventBridgeClient(config),
		lambda: new LambdaClient(config),
	};
}
