/** Requests a snapshot from the Atlas at the given URL, and prints the error. */
import { createAtlas } from "../../../lambda/atlas/client.ts";
import { REQUEST } from "../../harness/atlas-client.ts";

const [, , baseUrl = ""] = process.argv;
const credentials = { kind: "service-account", clientId: "mdb_sa_id_test", clientSecret: "mdb_sa_sk_test" } as const;
const atlas = createAtlas({ baseUrl, readSecret: async () => credentials });
await atlas
	.takeSnapshot({ projectId: "5f0a1b2c3d4e5f6071829311", clusterName: "c" }, REQUEST)
	.catch((error: unknown) => process.stdout.write(String(error)));
await atlas.close();
