import { templateOf } from "./synthesize.ts";

interface Transformer {
	readonly InputPathsMap: Readonly<Record<string, string>>;
	readonly InputTemplate: string;
}

/**
 * The mail that people get for an event, as EventBridge writes it for the rule of the synthesized stack.
 *
 * @see EventBridge User Guide, "Amazon EventBridge input transformation": a path that leads nowhere is an empty text
 */
export function createMailer(): (event: object) => string {
	const rules = Object.values(templateOf({}).findResources("AWS::Events::Rule"));
	const targets = rules.flatMap(({ Properties }) => Properties["Targets"] as { InputTransformer?: Transformer }[]);
	const transformer = targets.find(({ InputTransformer }) => InputTransformer)?.InputTransformer;
	if (!transformer) throw new Error("no rule of the stack writes a mail");
	const template = JSON.stringify(transformer.InputTemplate);
	return (event) =>
		template.replaceAll(/<([\w-]+)>/g, (_, name: string) => {
			const path = transformer.InputPathsMap[name]?.split(".").slice(1) ?? [];
			const value = path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], event);
			return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
		});
}
