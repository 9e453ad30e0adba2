/** The reference pages under docs/resources, one for each resource, component and function, from the package schema. */
import { publication } from "../package.ts";
import type { PackageSchema } from "./package.ts";
import type { Json } from "./types.ts";

type Spec = { [key: string]: Json };

/** File name to Markdown. */
export function referencePages(schema: PackageSchema): Map<string, string> {
  const types = (schema.types ?? {}) as Record<string, Spec>;
  const resources = Object.entries(schema.resources as Record<string, Spec>).map(
    ([token, spec]) => [token, resourcePage(token, spec, types)] as const,
  );
  const functions = Object.entries(schema.functions as Record<string, Spec>).map(
    ([token, spec]) => [token, functionPage(token, spec, types)] as const,
  );
  return new Map([...resources, ...functions].map(([token, page]) => [`${fileName(token)}.md`, page]));
}

/** `wasm:index:EdgeTarget` → `edge-target`, `wasm:local:Server` → `local-server`. */
function fileName(token: string): string {
  const [, module = "", name = ""] = token.split(":");
  const kebab = name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase();
  return module === "index" ? kebab : `${module}-${kebab}`;
}

function resourcePage(token: string, spec: Spec, types: Record<string, Spec>): string {
  const inputs = (spec.inputProperties ?? {}) as Record<string, Spec>;
  const outputs = (spec.properties ?? {}) as Record<string, Spec>;
  const computed = Object.fromEntries(Object.entries(outputs).filter(([name]) => !(name in inputs)));
  return page(token, spec, [
    section("Inputs", inputs, spec.requiredInputs as string[]),
    section("Outputs", computed, spec.required as string[]),
    ...typeSections([...Object.values(inputs), ...Object.values(computed)], types),
  ]);
}

function functionPage(token: string, spec: Spec, types: Record<string, Spec>): string {
  const inputs = spec.inputs as Spec;
  const outputs = spec.outputs as Spec;
  const properties = (part: Spec) => part.properties as Record<string, Spec>;
  return page(token, spec, [
    section("Arguments", properties(inputs), inputs.required as string[]),
    section("Result", properties(outputs), outputs.required as string[]),
    ...typeSections([...Object.values(properties(inputs)), ...Object.values(properties(outputs))], types),
  ]);
}

function page(token: string, spec: Spec, sections: string[]): string {
  const name = token.split(":").at(-1);
  const text = (spec.description as string).replaceAll(/\{\{% \/?examples? %\}\}\n?/g, "").trim();
  const parts = [
    `# ${name}`,
    `\`${token}\` · ${kindOf(spec)} · package \`${publication.nodePackage}\``,
    text,
    ...sections.filter((part) => part !== ""),
  ];
  return `<!-- Made by \`npm run schema\` from the resource's definition: change it there. -->\n${parts.join("\n\n")}\n`;
}

function kindOf(spec: Spec): string {
  if (spec.inputs) return "function";
  return spec.isComponent === true ? "component" : "resource";
}

function section(title: string, properties: Record<string, Spec>, required: readonly string[] = []): string {
  const rows = Object.entries(properties).map(([name, spec]) => {
    const notes = [
      required.includes(name) || !title.startsWith("Input") ? "" : "optional",
      spec.secret === true ? "secret" : "",
      spec.replaceOnChanges === true ? "a change replaces the resource" : "",
      spec.default === undefined ? "" : `default \`${JSON.stringify(spec.default)}\``,
    ].filter((note) => note !== "");
    const description = (spec.description as string).replaceAll("|", "\\|").replaceAll(/\s+/g, " ");
    return `| \`${name}\` | ${typeName(spec)} | ${notes.join(", ")} | ${description} |`;
  });
  if (rows.length === 0) return "";
  return [`## ${title}`, "", "| Property | Type | | |", "|---|---|---|---|", ...rows].join("\n");
}

function typeName(spec: Spec): string {
  const reference = spec.$ref as string | undefined;
  if (reference === "pulumi.json#/Asset") return "asset";
  if (reference) return `[${reference.split(":").at(-1)}](#${reference.split(":").at(-1)?.toLowerCase()})`;
  if (spec.type === "array") return `list of ${typeName(spec.items as Spec)}`;
  if (spec.additionalProperties) return `map of ${typeName(spec.additionalProperties as Spec)}`;
  if (spec.oneOf) return (spec.oneOf as Spec[]).map(typeName).join(" or ");
  return String(spec.type);
}

/** The object types that the properties use, and those that these use, in the order in which they are met. */
function typeSections(specs: Json[], types: Record<string, Spec>): string[] {
  const met = new Set<string>();
  const visit = (part: Json): void => {
    for (const [, token] of JSON.stringify(part).matchAll(/"#\/types\/([^"]+)"/g)) {
      if (token === undefined || met.has(token)) continue;
      met.add(token);
      visit(types[token] ?? {});
    }
  };
  visit(specs);
  return [...met].map((token) => {
    const type = types[token] ?? {};
    const name = token.split(":").at(-1) ?? token;
    const table = section(name, type.properties as Record<string, Spec>, type.required as string[]);
    return table.replace("\n\n", `\n\n${String(type.description)}\n\n`);
  });
}
