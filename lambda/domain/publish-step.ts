/**
 * Names of the steps that publish an event. Each returns where its target stands from then on, or its targets as a result does; it is read from the
 * history by whoever asks for the status of a run: the workflow can publish in no other step.
 */
export const PUBLISH_STEPS = [
	"publish-started",
	"publish-late",
	"publish-end",
	"publish-broken-off",
	"publish-lost",
] as const;

export type PublishStep = (typeof PUBLISH_STEPS)[number];
