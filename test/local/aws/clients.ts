import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";

/** The SDK's own clients, pointed at the stand-ins. */
export function clientsOf(endpoint: string, maxAttempts = 1) {
	const config = {
		endpoint,
		region: "us-east-1",
		credentials: { accessKeyId: "local", secretAccessKey: "local" },
		maxAttempts,
	};
	return {
		secretsManager: new SecretsManagerClient(config),
		eventBridge: new EventBridgeClient(config),
		lambda: new LambdaClient(config),
	};
}
