import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { SnapshotStateChange } from "../../lambda/domain/outcome.ts";
import { EVENT_DETAIL_TYPE, EVENT_SOURCE } from "../../lambda/domain/outcome.ts";

const schema: object = JSON.parse(readFileSync(new URL("../../docs/events.schema.json", import.meta.url), "utf8"));

const validate = new Ajv2020({ allErrors: true, strict: true, strictTypes: false }).compile(schema);

/** What `docs/events.schema.json` has against an event's detail; empty where it has nothing. For every test that publishes. */
export function faultsOfEvent(detail: SnapshotStateChange | Readonly<Record<string, unknown>>): string[] {
	return validate({ source: EVENT_SOURCE, "detail-type": EVENT_DETAIL_TYPE, detail })
		? []
		: (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
