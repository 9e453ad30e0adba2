import { propertyPath } from "../../schema/parse.ts";
import type { PlannedExport, PlannedLink, Remark } from "./types.ts";
import type { Part } from "./wiring.ts";

type Step = Pick<PlannedLink, "from" | "to" | "import" | "path">;

/** All modules, each after those that it takes from, otherwise by name; or the first cycle. */
export function order(
  parts: readonly { name: string }[],
  links: readonly Step[],
): { modules: string[]; cycle?: Remark } {
  const takesFrom = groupByFrom(links);
  const done = new Set<string>();
  const open: string[] = [];
  /** Returns the cycle that the module is on. */
  const visit = (name: string): string[] | undefined => {
    if (done.has(name)) return undefined;
    const start = open.indexOf(name);
    if (start !== -1) return [...open.slice(start), name];
    open.push(name);
    for (const next of takesFrom.get(name) ?? []) {
      const cycle = visit(next);
      if (cycle) return cycle;
    }
    open.pop();
    done.add(name);
    return undefined;
  };
  for (const { name } of parts) {
    const cycle = visit(name);
    if (cycle) return { modules: [], cycle: cycleProblem(cycle, links) };
  }
  return { modules: [...done] };
}

function cycleProblem(cycle: string[], links: readonly Step[]): Remark {
  const steps = cycle.slice(1).flatMap((to, index) => {
    return links.find((link) => link.from === cycle[index] && link.to === to) ?? [];
  });
  const told = steps.map((link) => `\`${link.from}\` takes \`${link.import}\` from \`${link.to}\``);
  const path = steps.find((link) => link.path !== undefined)?.path;
  return {
    path: path ?? propertyPath(["modules", cycle[0]!]),
    message: `The modules need one another in a circle: ${told.join(", ")}. Components are made one after the other: break the circle by moving one of the interfaces into a module of its own.`,
  };
}

/** Modules that no export of the result leads to. */
export function unused(
  parts: readonly Part[],
  links: readonly PlannedLink[],
  exports: readonly PlannedExport[],
): Remark[] {
  const takesFrom = groupByFrom(links);
  const used = new Set<string>();
  const queue = exports.map(({ from }) => from);
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (used.has(name)) continue;
    used.add(name);
    queue.push(...(takesFrom.get(name) ?? []));
  }
  return parts
    .filter(({ name }) => !used.has(name))
    .map((part) => ({ path: propertyPath(["modules", part.name]), message: unusedMessage(part) }));
}

function unusedMessage({ name, exports }: Part): string {
  if (exports.length === 0) {
    return `Nothing can use \`${name}\`: it exports no interface. Export one in its WIT world, or remove it.`;
  }
  return `Nothing uses \`${name}\`: no export of the composition leads to it. Link one of its exports, export it, or remove it.`;
}

function groupByFrom(links: readonly Pick<PlannedLink, "from" | "to">[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { from, to } of links) groups.set(from, [...(groups.get(from) ?? []), to]);
  return groups;
}
