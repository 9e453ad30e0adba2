import { propertyPath } from "../../schema/parse.ts";
import { names } from "./names.ts";
import type { ExportChoice, PlannedExport, PlannedLink, Remark } from "./types.ts";
import { listing, type Part } from "./wiring.ts";

interface Chosen {
  exports: PlannedExport[];
  problems: Remark[];
}

/** What the result exports: what the program names, or every interface that no link consumes. */
export function chooseExports(
  parts: readonly Part[],
  links: readonly PlannedLink[],
  choices: readonly ExportChoice[] | undefined,
): Chosen {
  const { exports, problems } = choices ? named(parts, choices) : remaining(parts, links);
  exports.sort((a, b) => (a.export < b.export ? -1 : 1));
  return { exports, problems };
}

function named(parts: readonly Part[], choices: readonly ExportChoice[]): Chosen {
  const problems: Remark[] = [];
  const byName = new Map<string, PlannedExport>();
  if (choices.length === 0) {
    const message =
      "A composition that exports nothing can do nothing. Name an export, or leave `exports` out.";
    problems.push({ path: "exports", message });
  }
  choices.forEach((choice, index) => {
    const path = `exports[${index}]`;
    const from = parts.find((part) => part.name === choice.from);
    const found = from?.exports.filter((item) => names(choice.export, item)) ?? [];
    const [item, second] = found;
    if (!from) {
      const known = parts.map((part) => part.name).join(", ");
      const message = `There is no module \`${choice.from}\`. The modules are: ${known}.`;
      problems.push({ path: `${path}.from`, message });
    } else if (!item) {
      const message = `\`${from.name}\` does not export the interface \`${choice.export}\`. ${listing("It exports", from.exports)}`;
      problems.push({ path: `${path}.export`, message });
    } else if (second) {
      const message = `\`${from.name}\` exports \`${choice.export}\` in several versions: name one of ${found.map(({ full }) => full).join(", ")}.`;
      problems.push({ path: `${path}.export`, message });
    } else if (byName.has(item.full)) {
      const message = `\`${item.full}\` is exported already, from \`${byName.get(item.full)?.from}\`. Remove one of them.`;
      problems.push({ path: `${path}.export`, message });
    } else byName.set(item.full, { from: from.name, export: item.full });
  });
  return { exports: [...byName.values()], problems };
}

function remaining(parts: readonly Part[], links: readonly PlannedLink[]): Chosen {
  const consumed = new Set(links.map((link) => `${link.to}\n${link.export}`));
  const byName = new Map<string, string[]>();
  for (const { name, exports } of parts) {
    for (const { full } of exports) {
      if (!consumed.has(`${name}\n${full}`)) byName.set(full, [...(byName.get(full) ?? []), name]);
    }
  }
  const problems: Remark[] = [];
  const exports: PlannedExport[] = [];
  for (const [full, [first, ...others]] of byName) {
    if (first === undefined) continue;
    exports.push({ from: first, export: full });
    if (others.length === 0) continue;
    const listed = [first, ...others].map((name) => `\`${name}\``).join(", ");
    const choice = `{ from: ${JSON.stringify(first)}, export: ${JSON.stringify(full)} }`;
    const message = `${listed} export \`${full}\`, and no link consumes it: the composition can export it once. Name all that it exports: exports: [${choice}, …]`;
    problems.push({ path: propertyPath(["modules", others[0]!]), message });
  }
  return { exports, problems };
}
