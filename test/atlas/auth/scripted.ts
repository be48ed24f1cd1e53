import type { AtlasReply, AtlasRequest, Layer } from "../../../lambda/atlas/request.ts";

export const TARGET = "/api/atlas/v2/groups/32b6e34b3d91647abb20e7b8/clusters/prod-a/backup/snapshots";
export const POST: AtlasRequest = {
	method: "POST",
	target: TARGET,
	projectId: "32b6e34b3d91647abb20e7b8",
	headers: { accept: "application/json", "content-type": "application/json", "user-agent": "test" },
	body: '{"retentionInDays":7}',
	period: { startedAt: 0, endsAt: 60_000 },
};
export const GET: AtlasRequest = { ...POST, method: "GET", body: undefined };

export const reply = (status: number, headers: AtlasReply["headers"] = {}, body: unknown = ""): AtlasReply => ({
	status,
	headers,
	body: typeof body === "string" ? body : JSON.stringify(body),
});

type Scripted = AtlasReply | Error | Promise<AtlasReply>;

/** A layer over a server that gives these replies in their order, and everything that was sent to it. */
export function scripted(layer: Layer, replies: Scripted[]) {
	const sent: AtlasRequest[] = [];
	const send = layer(async (request) => {
		sent.push(request);
		const next = replies.shift();
		if (next === undefined) throw new Error("no reply is left");
		if (next instanceof Error) throw next;
		return next;
	});
	return { send, sent };
}
