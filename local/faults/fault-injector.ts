import { runMarker } from "../../lambda/domain/run.ts";
import type { FaultAction } from "../atlas/api/faults.ts";
import type { AtlasState } from "../atlas/state/state.ts";
import type { AwsFault } from "../aws/server.ts";
import type { ConnectFault } from "./connections.ts";
import { nameAtlasTrouble, nameAwsTrouble, nameConnectTrouble, nameStrike } from "./counts.ts";
import { type PlantingPlace, plantOtherSnapshots } from "./other-snapshots.ts";
import type { AtlasTrouble, Plan, Strike } from "./plan.ts";
import { secretsOf } from "./secret-search.ts";
import { lastingOf, openSpan, TROUBLED, type Trouble } from "./troubles.ts";

/** What happens at a checkpoint. */
export interface CheckpointFaults {
	readonly strike?: Strike | undefined;
	readonly fault?: AwsFault | undefined;
}

/** Does to a run what its plan says, at each point where something can be done to it. */
export interface FaultInjector {
	readonly atCheckpoint: () => CheckpointFaults;
	/**
	 * Before Atlas carries out a request.
	 *
	 * @param strike breaks off the invocation that sent it
	 * @param rotateKeys puts new keys in place of the old ones
	 * @returns what is done to the request
	 */
	readonly onAtlasRequest: (
		kind: string,
		strike: (strike: Strike) => void,
		rotateKeys: () => void,
	) => readonly FaultAction[];
	readonly onAwsCall: (operation: string) => AwsFault | undefined;
	readonly onConnect: (strike: (strike: Strike) => void) => ConnectFault | undefined;
	/** Seconds by which the next invocation is late. */
	readonly lateness: () => number;
	/** Milliseconds by which the clock of the present invocation is wrong. */
	readonly skew: () => number;
	readonly troubles: Trouble[];
}

export interface FaultInjectorOptions extends PlantingPlace {
	readonly plan: Plan;
	readonly atlas: AtlasState;
	/** The name of the run that began first, once it has. */
	readonly runName: () => string | undefined;
	/** Called with the name of everything that is done. */
	readonly count: (name: string) => void;
}

/** As the functions read it where nothing is set. */
const STACK = "atlas-snapshots";

export function createFaultInjector({ plan, atlas, runName, count, ...place }: FaultInjectorOptions): FaultInjector {
	const startedAt = atlas.now();
	const troubles: Trouble[] = [];
	const trouble = (what: Trouble["what"], milliseconds = 0) =>
		troubles.push({ what, from: atlas.now(), to: atlas.now() + milliseconds });
	const seen = new Map<string, number>();
	const next = (kind: string): number => {
		const nth = (seen.get(kind) ?? 0) + 1;
		seen.set(kind, nth);
		return nth;
	};
	const open = <T extends Parameters<typeof openSpan>[0]>(all: readonly T[]) =>
		all.map((one) => ({ one, span: openSpan(one, startedAt) }));
	const atlasTroubles = open(plan.atlas);
	const awsTroubles = open(plan.aws);
	const connectTroubles = open(plan.connects);
	const others = plantOtherSnapshots(plan.others, atlas, place, count);
	let invocations = 0;
	let requestsOfInvocation = 0;

	function meetAtlas(kind: string): readonly FaultAction[] {
		for (const { one, span } of atlasTroubles) {
			if (one.kinds.length > 0 && !(one.kinds as readonly string[]).includes(kind)) continue;
			const met = span.meets(atlas.now());
			if (!met) continue;
			const action = (met === "first" && one.first) || one.action;
			count(nameAtlasTrouble(kind, action));
			trouble("atlas", Math.max(lastingOf(action), (span.endsAt ?? 0) - atlas.now()));
			return toFaults(action);
		}
		return [];
	}

	const toFaults = (action: AtlasTrouble["action"]): readonly FaultAction[] => {
		if (action.type === "other snapshot") return [{ type: "body", value: JSON.stringify(others.otherSnapshot()) }];
		if (action.type === "echo of a secret") return [{ type: "echo", value: secretsOf(atlas).join(" ") }];
		if (action.type !== "late drop") return [action as FaultAction];
		return [
			{ type: "delay", ms: action.ms, when: "after" },
			{ type: "drop", when: "after" },
		];
	};

	return {
		troubles,
		atCheckpoint() {
			const nth = next("Checkpoint");
			const strike = plan.strikes.find(({ point }) => point.at === "checkpoint" && point.nth === nth);
			if (strike) count(nameStrike(strike));
			return { strike, fault: this.onAwsCall("Checkpoint") };
		},
		onAtlasRequest(kind, strike, rotateKeys) {
			const nth = next("any request");
			requestsOfInvocation++;
			const name = runName();
			others.meet(nth, name === undefined ? "" : runMarker(name, STACK));
			if (plan.rotateBefore === nth) {
				rotateKeys();
				count("keys rotated");
				trouble("atlas");
			}
			const nthOfKind = next(kind);
			const struck = plan.strikes.find(
				({ point }) => point.at === "request" && point.kind === kind && point.nth === nthOfKind,
			);
			if (struck?.point.at === "request") {
				count(nameStrike(struck));
				trouble("atlas");
				strike(struck);
				// To a frozen process the reply comes when it thaws.
				if (struck.point.carriedOut && typeof struck.process === "object") return [];
				return [{ type: "drop", when: struck.point.carriedOut ? "after" : "before" }];
			}
			return meetAtlas(kind);
		},
		onAwsCall(operation) {
			for (const { one, span } of awsTroubles) {
				if (one.operation !== operation || !span.meets(atlas.now())) continue;
				count(nameAwsTrouble(one));
				trouble(TROUBLED[one.operation], Math.max(5_000, (span.endsAt ?? 0) - atlas.now()));
				return one.fault;
			}
			return undefined;
		},
		onConnect(strike) {
			const nth = next("connect");
			const struck = plan.strikes.find(({ point }) => point.at === "connect" && point.nth === nth);
			if (struck) {
				count(nameStrike(struck));
				strike(struck);
			}
			for (const { one, span } of connectTroubles) {
				if (!span.meets(atlas.now())) continue;
				count(nameConnectTrouble(one));
				trouble("atlas", Math.max(5_000, (span.endsAt ?? 0) - atlas.now()));
				return one.fault;
			}
			return undefined;
		},
		lateness() {
			invocations++;
			requestsOfInvocation = 0;
			const late = plan.lateInvocations.find(({ nth }) => nth === invocations)?.seconds ?? 0;
			if (late > 0) {
				count("platform: an invocation comes late");
				trouble("platform", late * 1000);
			}
			return late;
		},
		skew() {
			if (!plan.skew) return 0;
			const isDue = {
				start: true,
				"first take": (seen.get("take") ?? 0) > 0,
				"every other invocation": invocations % 2 === 0,
				"within the second invocation": invocations === 2 && requestsOfInvocation > 0,
			};
			return isDue[plan.skew.from] ? plan.skew.seconds * 1000 : 0;
		},
	};
}
