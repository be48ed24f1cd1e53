import { readSnapshotConfig } from "../../lambda/handlers/config.ts";

/** Seconds before the first look, as the stack deploys the function. */
export const FIRST_POLL_SECONDS = readSnapshotConfig({
	ATLAS_SECRET_ID: "unused",
	EVENT_BUS_NAME: "unused",
}).FIRST_POLL_SECONDS;
