/**
 * What modules reach beyond their own grants: a grant holds for the module that has it, but a module may do things for a
 * neighbour that calls it, and hand over what it holds.
 */
import type { ReportEntry } from "./report.ts";

/** One module takes an import from another one. */
export interface Reach {
  from: string;
  import: string;
  to: string;
  /** The import's types carry handles, such as streams. */
  handles: boolean;
}

/** One line for each module that calls others which were granted something, and for each link that carries handles. */
export function reachLines(links: readonly Reach[], entries: readonly ReportEntry[]): string[] {
  const modules = [...new Set(links.map(({ from }) => from))].sort();
  const reached = modules.flatMap((module) => {
    const others = reachedFrom(module, links);
    const granted = entries.filter((entry) => others.has(entry.module));
    return granted.map(
      (entry) => `${module} calls ${entry.module}, directly or not, which may ${entry.family} ${entry.entry}`,
    );
  });
  const handed = links
    .filter(({ handles }) => handles)
    .map(({ from, import: wanted, to }) => `${to} can hand ${from} what it holds, over ${wanted}`);
  return [...new Set([...reached, ...handed])];
}

function reachedFrom(module: string, links: readonly Reach[]): Set<string> {
  const found = new Set<string>();
  const queue = [module];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    for (const { from, to } of links) {
      if (from !== name || found.has(to) || to === module) continue;
      found.add(to);
      queue.push(to);
    }
  }
  return found;
}
