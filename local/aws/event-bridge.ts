import { randomUUID } from "node:crypto";
import { isRecord, parseJson } from "../../lambda/domain/json.ts";
import { ACCOUNT, AwsError, type AwsReply, type AwsRequest, REGION, readJsonObject } from "./protocol.ts";
import type { AwsFault } from "./server.ts";

/** An event as EventBridge delivers it to the targets of a rule. */
export interface BusEvent {
	readonly version: "0";
	readonly id: string;
	readonly source: string;
	readonly "detail-type": string;
	readonly account: string;
	readonly region: string;
	/** ISO 8601 in UTC, whole seconds. */
	readonly time: string;
	readonly resources: readonly string[];
	readonly detail: Readonly<Record<string, unknown>>;
}

/** An event bus that keeps the events it accepted. */
export interface Bus {
	/** Accepted events, in order. */
	readonly events: readonly BusEvent[];
	/** Calls back for every event accepted from now on. @returns what ends it */
	onEvent(listener: (event: BusEvent) => void): () => void;
	/** Answers PutEvents. */
	answer(request: AwsRequest, fault?: AwsFault): AwsReply;
}

/** Bytes that a call, and each entry of it, may hold. */
const CALL_BYTES = 256 * 1024;
const ENTRIES = 10;

/** @see Amazon EventBridge API, PutEvents; User Guide, "Calculating Amazon EventBridge PutEvents event entry size" */
export function createBus(): Bus {
	const events: BusEvent[] = [];
	const listeners = new Set<(event: BusEvent) => void>();
	const accept = (event: BusEvent) => {
		events.push(event);
		for (const listener of listeners) listener(event);
	};
	return {
		events,
		onEvent(listener) {
			listeners.add(listener);
			return () => void listeners.delete(listener);
		},
		answer({ body }, fault) {
			const entries = readEntries(body);
			const refused = fault?.do === "refuse-entries" ? fault : undefined;
			const results = entries.map((entry, index) => {
				const injected =
					refused && index < refused.count ? { ErrorCode: refused.code, ErrorMessage: "injected" } : undefined;
				const read = injected ?? readEntry(entry);
				if ("ErrorCode" in read) return read;
				accept(read);
				return { EventId: read.id };
			});
			return {
				status: 200,
				body: { FailedEntryCount: results.filter((result) => "ErrorCode" in result).length, Entries: results },
			};
		},
	};
}

type Entry = Readonly<Record<string, unknown>>;

function readEntries(body: Buffer): readonly Entry[] {
	const { Entries } = readJsonObject(body);
	if (!Array.isArray(Entries) || Entries.length < 1 || Entries.length > ENTRIES || !Entries.every(isRecord)) {
		throw new AwsError("ValidationException", 400, `Entries must have 1 to ${ENTRIES} members`);
	}
	if (Entries.reduce((sum, entry) => sum + sizeOf(entry), 0) > CALL_BYTES) {
		throw new AwsError("ValidationException", 400, "Total size of the entries in the request is over the limit.");
	}
	return Entries;
}

/** The fields that count, as UTF-8; a time counts 14 bytes. */
function sizeOf({ Time, Source, DetailType, Detail, Resources }: Entry): number {
	const texts = [Source, DetailType, Detail, ...(Array.isArray(Resources) ? Resources : [])];
	const bytes = texts.map((text) => (typeof text === "string" ? Buffer.byteLength(text) : 0));
	return bytes.reduce((sum, size) => sum + size, Time === undefined ? 0 : 14);
}

function readEntry({
	Source,
	DetailType,
	Detail,
	Resources,
}: Entry): BusEvent | { ErrorCode: string; ErrorMessage: string } {
	if (typeof Source !== "string" || Source === "") return refuse("InvalidArgument", "Source is a required argument.");
	if (typeof DetailType !== "string" || DetailType === "") {
		return refuse("InvalidArgument", "DetailType is a required argument.");
	}
	if (Source.startsWith("aws.")) return refuse("NotAuthorizedForSourceException", "Not authorized for the source.");
	const detail = typeof Detail === "string" ? parseJson(Detail) : undefined;
	if (!isRecord(detail)) return refuse("MalformedDetail", "Detail is malformed.");
	return {
		version: "0",
		id: randomUUID(),
		source: Source,
		"detail-type": DetailType,
		account: ACCOUNT,
		region: REGION,
		time: new Date().toISOString().replace(/\.\d+/, ""),
		resources: Array.isArray(Resources) ? Resources.map(String) : [],
		detail,
	};
}

const refuse = (ErrorCode: string, ErrorMessage: string) => ({ ErrorCode, ErrorMessage });
