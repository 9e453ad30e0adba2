/** Decides which module gives which import to which other one. Pure: names go in, a plan or all problems come out. */
import { openersOf } from "../../capabilities/vocabulary.ts";
import { propertyPath } from "../../schema/parse.ts";
import { chooseExports } from "./exports.ts";
import { compareVersions, type InterfaceName, names, parseInterface } from "./names.ts";
import { order, unused } from "./order.ts";
import type {
  ExportChoice,
  Link,
  ModuleWorld,
  Plan,
  PlannedLink,
  Remark,
  UnmetImport,
  Wiring,
} from "./types.ts";

/** A module as the wiring sees it. */
export interface Part {
  name: string;
  imports: InterfaceName[];
  exports: InterfaceName[];
  /** Imports that are no interfaces: never linked. */
  otherImports: string[];
}

export interface Declaration {
  modules: Readonly<Record<string, ModuleWorld>>;
  links?: readonly Link[] | undefined;
  exports?: readonly ExportChoice[] | undefined;
}

/** Plans a composition. Problems and notes come in the order of the declaration. */
export function wire({ modules, links = [], exports }: Declaration): Wiring {
  const parts = Object.entries(modules)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, world]) => part(name, world));
  const wiring = new Linker(parts);
  links.forEach((link, index) => {
    wiring.link(link, index);
  });
  wiring.infer();
  const planned = wiring.sorted();
  const chosen = chooseExports(parts, planned, exports);
  const problems = [...wiring.problems, ...chosen.problems];
  const { modules: ordered, cycle } = order(parts, planned);
  if (cycle) problems.push(cycle);
  if (problems.length === 0) problems.push(...unused(parts, planned, chosen.exports));
  const [first, ...others] = problems;
  if (first) return { notes: wiring.notes, problems: [first, ...others] };
  const plan: Plan = {
    modules: ordered,
    links: planned,
    exports: chosen.exports,
    unmet: unmet(parts, planned),
  };
  return { plan, notes: wiring.notes, problems: [] };
}

function part(name: string, { imports, exports }: ModuleWorld): Part {
  const interfaces = (all: readonly string[]) => all.flatMap((full) => parseInterface(full) ?? []);
  return {
    name,
    imports: interfaces(imports),
    exports: interfaces(exports),
    otherImports: imports.filter((full) => parseInterface(full) === undefined),
  };
}

/** What a grant can open is never inferred: a module that begins to export it would receive its neighbours' calls. */
function belongsToHost({ name }: InterfaceName): boolean {
  return name.startsWith("wasi:") || openersOf(name) !== undefined;
}

class Linker {
  readonly problems: Remark[] = [];
  readonly notes: Remark[] = [];
  private readonly parts: Part[];
  private readonly links = new Map<string, PlannedLink>();
  /** Imports whose link in the program is wrong: nothing is inferred for them. */
  private readonly attempted = new Set<string>();

  constructor(parts: Part[]) {
    this.parts = parts;
  }

  sorted(): PlannedLink[] {
    const key = (link: PlannedLink) => `${link.from}\n${link.import}`;
    return [...this.links.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  }

  /** Takes over a link of the program. */
  link(link: Link, index: number): void {
    const path = `links[${index}]`;
    const from = this.find(link.from, `${path}.from`);
    const to = this.find(link.to, `${path}.to`);
    const wanted = from && this.imported(from, link.import, `${path}.import`);
    if (!from || !wanted) return;
    const key = keyOf(from, wanted);
    if (this.attempted.has(key)) {
      this.problem(path, `\`${from.name}\` has a link for \`${wanted.full}\` already. Remove one of them.`);
      return;
    }
    this.attempted.add(key);
    if (!to) return;
    if (from === to) {
      this.problem(
        `${path}.to`,
        `\`${from.name}\` cannot take \`${wanted.full}\` from itself. Name another module; the same artifact may stand under a second name.`,
      );
      return;
    }
    const given = onTrack(to, wanted);
    if (given) {
      this.links.set(key, {
        from: from.name,
        import: wanted.full,
        to: to.name,
        export: given.full,
        path,
      });
    } else this.problem(`${path}.to`, notExported(to, from, wanted));
  }

  /** Links what exactly one other module gives. */
  infer(): void {
    for (const from of this.parts) {
      for (const wanted of from.imports) {
        if (!this.attempted.has(keyOf(from, wanted))) this.inferOne(from, wanted);
      }
    }
  }

  private inferOne(from: Part, wanted: InterfaceName): void {
    const others = this.parts.filter((other) => other !== from);
    const givers = others.filter((other) => onTrack(other, wanted));
    const path = propertyPath(["modules", from.name]);
    if (belongsToHost(wanted)) {
      for (const giver of givers) this.notes.push({ path, message: notLinked(from, wanted, giver) });
      return;
    }
    const [giver, second] = givers;
    if (giver && second) {
      const listed = givers.map(({ name }) => `\`${name}\``).join(", ");
      this.problem(
        path,
        `\`${from.name}\` imports \`${wanted.full}\`, and ${listed} export it. Choose one: links: [${linkText(from, wanted, giver)}]`,
      );
    } else if (giver) {
      const given = onTrack(giver, wanted)!;
      const link = { from: from.name, import: wanted.full, to: giver.name, export: given.full };
      this.links.set(keyOf(from, wanted), link);
    } else this.refuseOtherTrack(from, wanted, others);
  }

  private refuseOtherTrack(from: Part, wanted: InterfaceName, others: Part[]): void {
    for (const other of others) {
      const near = other.exports.find(({ name }) => name === wanted.name);
      if (!near) continue;
      this.problem(
        propertyPath(["modules", from.name]),
        `\`${from.name}\` imports \`${wanted.full}\`, and \`${other.name}\` exports \`${near.full}\`: versions that are not compatible. Build one of them against the other's version.`,
      );
      return;
    }
  }

  private find(name: string, path: string): Part | undefined {
    const found = this.parts.find((candidate) => candidate.name === name);
    if (!found) {
      const known = this.parts.map((candidate) => candidate.name).join(", ");
      this.problem(path, `There is no module \`${name}\`. The modules are: ${known}.`);
    }
    return found;
  }

  private imported(from: Part, text: string, path: string): InterfaceName | undefined {
    const found = from.imports.filter((item) => names(text, item));
    if (found.length === 1) return found[0];
    if (found.length > 1) {
      const listed = found.map(({ full }) => full).join(", ");
      this.problem(path, `\`${from.name}\` imports \`${text}\` in several versions: name one of ${listed}.`);
    } else {
      this.problem(
        path,
        `\`${from.name}\` does not import \`${text}\`. ${listing("It imports", from.imports)}`,
      );
    }
    return undefined;
  }

  private problem(path: string, message: string): void {
    this.problems.push({ path, message });
  }
}

function keyOf(from: Part, wanted: InterfaceName): string {
  return `${from.name}\n${wanted.full}`;
}

/** What a module exports for an import; of several versions that would do, the highest. */
function onTrack(giver: Part, wanted: InterfaceName): InterfaceName | undefined {
  return giver.exports
    .filter(({ track }) => track === wanted.track)
    .sort((a, b) => compareVersions(b.version, a.version))[0];
}

function notExported(to: Part, from: Part, wanted: InterfaceName): string {
  const near = to.exports.find(({ name }) => name === wanted.name);
  if (near) {
    return `\`${to.name}\` exports \`${near.full}\`, which is not compatible with \`${wanted.full}\` that \`${from.name}\` imports. Build one of them against the other's version.`;
  }
  return `\`${to.name}\` does not export \`${wanted.full}\`. ${listing("It exports", to.exports)}`;
}

function notLinked(from: Part, wanted: InterfaceName, giver: Part): string {
  return `\`${giver.name}\` exports \`${wanted.full}\`, which \`${from.name}\` imports. Calls to the host are not redirected by themselves; to do so: links: [${linkText(from, wanted, giver)}]`;
}

function linkText(from: Part, wanted: InterfaceName, to: Part): string {
  return `{ from: ${JSON.stringify(from.name)}, import: ${JSON.stringify(wanted.full)}, to: ${JSON.stringify(to.name)} }`;
}

/** "It imports: a, b." */
export function listing(verb: string, items: readonly InterfaceName[]): string {
  const shown = items.slice(0, 20).map(({ full }) => full);
  if (shown.length === 0) return `${verb} no interface.`;
  return `${verb}: ${shown.join(", ")}${items.length > shown.length ? ", …" : ""}.`;
}

/** wac merges the imports of one track into one, in the highest version. */
function unmet(parts: Part[], links: PlannedLink[]): UnmetImport[] {
  const linked = new Set(links.map((link) => `${link.from}\n${link.import}`));
  const found = new Map<string, { name: string; version: string | undefined; by: Set<string> }>();
  const add = (track: string, name: string, version: string | undefined, by: string) => {
    const known = found.get(track) ?? { name, version, by: new Set() };
    if (compareVersions(version, known.version) > 0) Object.assign(known, { name, version });
    known.by.add(by);
    found.set(track, known);
  };
  for (const { name, imports, otherImports } of parts) {
    for (const item of imports) {
      if (!linked.has(`${name}\n${item.full}`)) add(item.track, item.full, item.version, name);
    }
    for (const item of otherImports) add(item, item, undefined, name);
  }
  return [...found.values()]
    .map(({ name, by }) => ({ name, by: [...by].sort() }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
