import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { followFor, peer } from "./follow.ts";

const MINUTES = [5, 10, 20, 40, 60, 120, 240, 480, 960, 1440];
const LABELS = new Map([
	[5, "5 min"],
	[60, "1 h"],
	[1440, "24 h"],
]);
const PHASES = 50;
const count = (value: number): string => value.toLocaleString("en");

interface Point {
	readonly who: string;
	readonly minutes: number;
	readonly polls: number;
	/** Seconds between the snapshot's end and its being noticed, at worst. */
	readonly delay: number;
	/** How long the snapshot took; empty where it would crowd. */
	readonly label: string;
}

/** Polls against delay, for snapshots of five minutes to a day: ours, the Atlas CLI's and Terraform's. @returns SVG */
export async function drawPlot(): Promise<string> {
	const points = (await Promise.all(MINUTES.map(pointsOf))).flat();
	const { document } = parseHTML("<!doctype html><html><body></body></html>");
	const at = { x: "polls", y: "delay", z: "who" } as const;
	const names = points.filter(({ minutes }) => minutes === 60);
	const svg = Plot.plot({
		document,
		width: 760,
		height: 440,
		marginLeft: 70,
		marginRight: 40,
		marginTop: 30,
		marginBottom: 45,
		// A background of its own: the page behind may be dark.
		style: { background: "white", color: "#222", fontSize: "12px" },
		x: {
			type: "log",
			label: "← better: polls of one snapshot",
			labelAnchor: "left",
			labelArrow: "none",
			domain: [2, 30_000],
			grid: true,
			tickFormat: count,
		},
		y: {
			type: "log",
			labelArrow: "none",
			label: "↓ better: seconds until the end is noticed, at worst",
			domain: [1, 20_000],
			grid: true,
			tickFormat: count,
		},
		color: { legend: false, domain: names.map(({ who }) => who), scheme: "Dark2" },
		marks: [
			Plot.line(points, { ...at, stroke: "who" }),
			Plot.dot(points, { ...at, fill: "who", r: 3 }),
			Plot.text(points, { ...at, text: "label", dx: -5, dy: -9, textAnchor: "end", fill: "who", fontSize: 11 }),
			Plot.text(names, {
				...at,
				text: "who",
				dx: 10,
				dy: 16,
				textAnchor: "start",
				fill: "who",
				fontSize: 13,
				fontWeight: "bold",
			}),
		],
	});
	svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
	return `${svg.outerHTML}\n`;
}

async function pointsOf(minutes: number): Promise<Point[]> {
	const seconds = minutes * 60;
	const ours = await Promise.all(
		// A little shorter each time, by one wait in all: so the end falls on every phase between two looks.
		Array.from({ length: PHASES }, (_, phase) =>
			followFor(seconds * (1 - (0.1 * phase) / PHASES), phase.toString(16).padStart(24, "0")),
		),
	);
	const label = LABELS.get(minutes) ?? "";
	const point = (who: string, polls: number, delayShare: number): Point => ({
		who,
		minutes,
		polls,
		// Noticed in the very moment has no place on a logarithmic scale.
		delay: Math.max(delayShare * seconds, 1),
		label,
	});
	const [cli, terraform] = [peer(seconds, 4, 4), peer(seconds, 60, 60)];
	return [
		point(
			"this service",
			Math.max(...ours.map(({ polls }) => polls)),
			Math.max(...ours.map(({ delayShare }) => delayShare)),
		),
		point("Atlas CLI, every 4 s", cli.polls, cli.delayShare),
		point("Terraform, every 60 s", terraform.polls, terraform.delayShare),
	];
}
