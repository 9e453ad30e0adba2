/** Holds all arguments of a composition against what is expected, from what it exports down to what it imports. */
import { type Expected, type Permit, type Permits, permitsOf } from "./expected.ts";
import { type ItemName, isStructural, itemOf, sameTrack } from "./names.ts";
import type { Origin, Parts } from "./parts.ts";
import type { Node } from "./roles.ts";
import { rulesInterface } from "./rules.ts";
import { type Claim, type Finding, roleText, Sources } from "./sources.ts";

/** The one instance of a module that a guard instance works for. */
interface Owner {
  node: Node;
  module: string;
  /** The imports that the guard serves. */
  imports: Set<string>;
}

/**
 * Instances take from those before them only. So they are walked from the last to the first, and when an instance's turn
 * comes, all that use it have said what it is.
 */
export class Wiring {
  readonly faults: string[] = [];
  /** What each instance of a module turned out to be. */
  readonly names = new Map<number, string>();
  private readonly permits: ReadonlyMap<string, Permits>;
  private readonly expected: Expected;
  private readonly nodes: ReadonlyMap<number, Node>;
  private readonly sources: Sources;
  /** The modules that an instance can be: several while modules of the same bytes are not told apart. */
  private readonly candidates = new Map<number, readonly string[]>();
  private readonly owners = new Map<number, Owner>();
  /** Denials and rules that something uses. */
  private readonly used = new Set<number>();

  constructor(nodes: readonly Node[], expected: Expected) {
    this.expected = expected;
    this.nodes = new Map(nodes.map((node) => [node.index, node]));
    this.sources = new Sources(this.nodes, expected.links !== undefined);
    this.permits = new Map(
      Object.entries(expected.modules).map(([name, module]) => [
        name,
        permitsOf(name, module, expected.links ?? []),
      ]),
    );
    for (const { index, role } of nodes) if (role.is === "module") this.candidates.set(index, role.names);
  }

  check(exports: Parts["exports"]): void {
    this.exports(exports);
    for (const node of [...this.nodes.values()].sort((a, b) => b.index - a.index)) {
      if (node.role.is === "module") this.module(node);
      else if (node.role.is === "guard") this.guard(node, node.role.name);
      else if (!this.used.has(node.index)) this.fault(node, "nothing uses it");
    }
    this.occurrences();
  }

  /** Exports are modules': of the root's imports, of guards and denials none goes out again. */
  private exports(exports: Parts["exports"]): void {
    const planned =
      this.expected.exports && new Map(this.expected.exports.map((item) => [item.export, item.from]));
    const missing = new Set(planned?.keys());
    for (const { name, origin } of exports) {
      if (origin.from === "type") continue;
      missing.delete(name);
      const node = origin.from === "instance" ? this.nodes.get(origin.index) : undefined;
      const from = planned?.get(name);
      if (node?.role.is !== "module" || !isOwnExport(node, origin)) {
        this.faults.push(`export ${name} is not a module's: it is ${this.sources.describe(origin)}`);
      } else if (planned && (from === undefined || !("path" in origin) || origin.path.join() !== name)) {
        this.faults.push(`export ${name} is not as planned: it is ${this.sources.describe(origin)}`);
      } else if (from !== undefined) this.claim(node, { instance: node.index, as: "module", name: from });
    }
    for (const name of missing) this.faults.push(`export ${name} is missing`);
  }

  private module(node: Node): void {
    const names = this.candidatesOf(node);
    // Modules of the same bytes that nothing tells apart: any one that fits is right.
    const tried = names.map((name) => ({ name, findings: this.findings(node, name) }));
    const fits =
      tried.find(({ findings }) => findings.every(({ finding }) => "claims" in finding)) ?? tried[0];
    if (!fits) return;
    const { name, findings } = fits;
    this.names.set(node.index, name);
    for (const { argument, finding } of findings) {
      if ("fault" in finding) this.faults.push(`module ${name}: ${argument}: ${finding.fault}`);
      else for (const claim of finding.claims) this.claim(node, claim, name);
    }
  }

  /** What tells modules of the same bytes apart: who uses them, their guards' rules, and that a plan has each once. */
  private candidatesOf(node: Node): readonly string[] {
    const names = this.candidates.get(node.index) ?? [];
    if (names.length < 2) return names;
    const taken = this.expected.links ? new Set(this.names.values()) : new Set();
    const texts = new Set<string>();
    for (const origin of node.args.values()) {
      const guard = origin.from === "instance" ? this.nodes.get(origin.index) : undefined;
      const text = guard?.role.is === "guard" && this.sources.rules(guard.args.get(rulesInterface));
      if (text) texts.add(text);
    }
    const left = names.filter((name) => {
      const { rules } = this.expected.modules[name] ?? {};
      return !taken.has(name) && [...texts].every((text) => text === rules);
    });
    return left.length > 0 ? left : names;
  }

  private findings(node: Node, module: string): { argument: string; finding: Finding }[] {
    const permits = this.permits.get(module);
    return [...node.args].map(([argument, origin]) => {
      const item = itemAt(node, argument);
      return { argument, finding: this.sources.ofModule(permits?.get(argument), argument, item, origin) };
    });
  }

  private guard(node: Node, guard: string): void {
    const owner = this.owners.get(node.index);
    if (!owner) {
      this.fault(node, "it serves no module");
      return;
    }
    for (const [argument, origin] of node.args) {
      if (argument === rulesInterface) {
        this.rules(node, owner.module, origin);
        continue;
      }
      const finding = this.guardArgument(owner, guard, itemAt(node, argument), origin);
      if ("fault" in finding) this.fault(node, `for module ${owner.module}: ${argument}: ${finding.fault}`);
      else for (const claim of finding.claims) this.claim(owner.node, claim, owner.module);
    }
  }

  private rules(node: Node, module: string, origin: Origin): void {
    const isRules = origin.from === "instance" && origin.path.join() === rulesInterface;
    if (!isRules || this.sources.rules(origin) !== this.expected.modules[module]?.rules) {
      this.fault(node, `for module ${module}: it does not have that module's rules`);
    } else this.used.add(origin.index);
  }

  /**
   * A guard may take what its module may. An interface that it serves comes from where the module would have it; another
   * that the module imports too, from where the module has it; of the rest, what gives nothing or is open, from the root.
   */
  private guardArgument(
    { node, module, imports }: Owner,
    guard: string,
    wanted: ItemName,
    origin: Origin,
  ): Finding {
    if (origin.from === "type") return { claims: [] };
    const permits = this.permits.get(module) ?? new Map<string, Permit>();
    const own = [...node.of.imports.keys()]
      .filter((name) => permits.has(name) && sameTrack(itemAt(node, name).item, wanted.item))
      .sort((a, b) => Number(imports.has(b)) - Number(imports.has(a)));
    for (const name of own) {
      const permit = permits.get(name) ?? {};
      const item = itemAt(node, name);
      if (permit.guard === guard) return this.sources.unguarded(permit, item, origin);
      return this.sources.ofModule(permit, name, item, origin);
    }
    const isOpen = isStructural(wanted.item) || opensBeyond(permits, wanted.item);
    return isOpen ? this.sources.fromRoot(wanted, origin) : this.sources.denied(wanted, origin);
  }

  private claim(by: Node, claim: Claim, module = ""): void {
    const node = this.nodes.get(claim.instance);
    if (!node) return;
    if (claim.as === "deny") this.used.add(claim.instance);
    else if (claim.as === "guard") this.own(node, by, module, claim.import);
    else if (this.candidates.get(claim.instance)?.includes(claim.name)) {
      this.candidates.set(claim.instance, [claim.name]);
    } else this.fault(node, `it is used as module ${claim.name}`);
  }

  private own(guard: Node, node: Node, module: string, name: string): void {
    const known = this.owners.get(guard.index);
    if (!known) this.owners.set(guard.index, { node, module, imports: new Set([name]) });
    else if (known.node === node) known.imports.add(name);
    else this.fault(guard, `it serves both module ${known.module} and module ${module}`);
  }

  /** Each module is there; where the wiring was planned, once. */
  private occurrences(): void {
    const counts = new Map<string, number>();
    for (const name of this.names.values()) counts.set(name, (counts.get(name) ?? 0) + 1);
    for (const name of Object.keys(this.expected.modules)) {
      const count = counts.get(name) ?? 0;
      if (count === 0) this.faults.push(`module ${name} is not in it`);
      if (count > 1 && this.expected.links) this.faults.push(`module ${name} is in it ${count} times`);
    }
  }

  private fault(node: Node, what: string): void {
    this.faults.push(`instance ${node.index} (${roleText(node)}): ${what}`);
  }
}

function itemAt({ of }: Node, argument: string): ItemName {
  const found = of.imports.get(argument);
  return found ? itemOf(found) : { label: undefined, item: argument };
}

/** What is exported is there; an instance may also be exported as a whole. */
function isOwnExport({ of }: Node, origin: Origin): boolean {
  const name = "path" in origin ? origin.path[0] : undefined;
  return name === undefined || of.exports.has(name);
}

/** Whether an interface that the module itself does not import is open to its guards. */
function opensBeyond(permits: Permits, item: string): boolean {
  return [...permits].some(([name, { access }]) => access === "open" && sameTrack(name, item));
}
