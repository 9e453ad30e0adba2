import type { Plan } from "./types.ts";

/**
 * A plan as a Mermaid flow chart: arrows lead from who asks to who gives, the composition's exports stand above, what the
 * host gives below, one line for each package.
 */
export function mermaid({ modules, links, exports, unmet }: Plan): string {
  const sorted = [...modules].sort();
  const id = new Map(sorted.map((name, index) => [name, `m${index}`]));
  const lines = [
    "flowchart TD",
    ...sorted.map((name) => `  ${id.get(name)}["${label(name)}"]`),
    ...exports.map((item, index) => `  e${index}(["${label(item.export)}"]) --> ${id.get(item.from)}`),
    ...links.map((link) => `  ${id.get(link.from)} -->|"${label(link.import)}"| ${id.get(link.to)}`),
    ...hostLines(unmet, id),
  ];
  return `${lines.join("\n")}\n`;
}

function hostLines(unmet: Plan["unmet"], id: Map<string, string>): string[] {
  const packages = new Map<string, Set<string>>();
  for (const { name, by } of unmet) {
    const { group } = /^(?<group>[^/@]+)/.exec(name)?.groups ?? {};
    const users = packages.get(group ?? name) ?? new Set();
    for (const user of by) users.add(user);
    packages.set(group ?? name, users);
  }
  return [...packages].flatMap(([name, users], index) => [
    `  h${index}[/"${label(name)}"/]`,
    ...[...users].sort().map((user) => `  ${id.get(user)} -.-> h${index}`),
  ]);
}

function label(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll('"', "&quot;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}
