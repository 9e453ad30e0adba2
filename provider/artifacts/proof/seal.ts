/**
 * Tells from the bytes of a composition alone what is sealed in it. This is what the bytes do: the rules are those that the
 * guards in it read. That a guard keeps to its rules is known of those that we ship, by their digests.
 */
import type { Digest } from "../digest.ts";
import { instanceNames } from "./nameSection.ts";
import { fullName, itemOf, sameTrack } from "./names.ts";
import { type Instance, type Parts, takeApart } from "./parts.ts";
import { madeRole, type Node, type Role } from "./roles.ts";
import { codeFaults } from "./root.ts";
import { rulesInterface } from "./rules.ts";
import { parseSealedRules, type SealedRules } from "./sealedRules.ts";
import { trappingFunctions } from "./traps.ts";

export interface SealedGuard {
  digest: Digest;
  /** Its name among those that are shipped; undefined for one that is not. */
  name: string | undefined;
  /** Imports of the module that it serves, sorted. */
  serves: string[];
}

export interface SealedModule {
  /** By its guards' rules, else by what the composer noted beside the bytes. Undefined where neither says it. */
  name: string | undefined;
  /** Of the embedded bytes. */
  digest: Digest;
  /** What its guards read; undefined where it has no guard. */
  rules: SealedRules | undefined;
  guards: SealedGuard[];
  /** Imports that end in a component which can call nothing; sorted, as the next ones. */
  denied: string[];
  /** Of those the functions that end the module's instance when it calls them: `wasi:random/random@0.2.0#get-random-bytes`. */
  traps: string[];
  /** Imports that the host serves without a guard between. */
  open: string[];
  /** Imports that other modules serve. */
  linked: string[];
}

export interface Seal {
  /** Instances of modules, in the order of the bytes. */
  modules: SealedModule[];
}

/**
 * @param shipped digests of guards, by name
 * @returns undefined where the bytes are not a sealed composition: nothing is guarded or denied in them, or they hold a form
 * that the composer does not make, such as one module's guards that read different rules: of that nothing is told rather than
 * less than there is
 */
export function readSeal(bytes: Uint8Array, shipped: Readonly<Record<string, Digest>>): Seal | undefined {
  try {
    return new SealReader(bytes, shipped).read();
  } catch {
    return undefined;
  }
}

class SealReader {
  private readonly bytes: Uint8Array;
  private readonly nodes: ReadonlyMap<number, Node>;
  private readonly names: ReadonlyMap<number, string>;
  private readonly shipped: ReadonlyMap<Digest, string>;

  constructor(bytes: Uint8Array, shipped: Readonly<Record<string, Digest>>) {
    const parts = takeApart(bytes);
    const faults = [...parts.faults, ...codeFaults(parts.root)];
    if (faults.length > 0) throw new Error(faults.join());
    this.bytes = bytes;
    this.names = instanceNames(bytes);
    this.nodes = nodesOf(bytes, parts, this.names);
    for (const node of this.nodes.values()) this.requireForm(node);
    this.shipped = new Map(Object.entries(shipped).map(([name, digest]) => [digest, name]));
  }

  read(): Seal | undefined {
    const nodes = [...this.nodes.values()];
    if (!nodes.some(({ role }) => role.is === "guard" || role.is === "deny")) return undefined;
    return { modules: nodes.filter(({ role }) => role.is === "module").map((node) => this.module(node)) };
  }

  /** What a module's entry says has to be all: nothing works beside it, under another's name, or by rules that can change. */
  private requireForm(node: Node): void {
    const { args, of, role } = node;
    for (const [name, origin] of args) {
      if (origin.from === "unknown") throw new Error(`${name} comes from somewhere`);
      if (origin.from !== "root") continue;
      const [own, given] = [itemOf(of.imports.get(name) ?? { name }), itemOf(origin.import)];
      if (origin.path.length > 0 || own.label !== given.label || !sameTrack(own.item, given.item))
        throw new Error(`${name} is the host's ${given.item}`);
    }
    if (role.is !== "guard") return;
    if (of.imports.has(rulesInterface) && rulesGivenTo(node, this.nodes) === undefined)
      throw new Error("a guard reads what is no rules");
    const served = [...this.nodes.values()].filter(
      (other) => other.role.is === "module" && takesFrom(other, node),
    );
    if (served.length !== 1) throw new Error(`a guard serves ${served.length} modules`);
  }

  private module(node: Node): SealedModule {
    const givers = [...node.args].map(([argument, origin]) => {
      const giver = origin.from === "instance" ? this.nodes.get(origin.index) : undefined;
      return { name: fullName(node.of.imports.get(argument) ?? { name: argument }), origin, giver };
    });
    const from = (role: Role["is"]) => givers.filter(({ giver }) => giver?.role.is === role);
    const guarding = new Set(from("guard").flatMap(({ giver }) => giver ?? []));
    const names = (items: typeof givers) => items.map(({ name }) => name).sort();
    const rules = this.rulesOf(guarding);
    return {
      name: rules?.module ?? this.names.get(node.index),
      digest: node.of.digest,
      rules,
      guards: [...guarding].map((guard) => ({
        digest: guard.of.digest,
        name: this.shipped.get(guard.of.digest),
        serves: names(givers.filter(({ giver }) => giver === guard)),
      })),
      denied: names(from("deny")),
      traps: this.trapsOf(from("deny").flatMap(({ giver }) => giver ?? [])),
      open: names(givers.filter(({ origin }) => origin.from === "root")),
      linked: names(from("module")),
    };
  }

  private trapsOf(denials: readonly Node[]): string[] {
    const ranges = new Set(denials.map(({ of }) => of.range));
    return [...ranges].flatMap((range) => trappingFunctions(this.bytes, range)).sort();
  }

  /** What all guards of one module read. */
  private rulesOf(guards: ReadonlySet<Node>): SealedRules | undefined {
    const texts = new Set([...guards].map((guard) => rulesGivenTo(guard, this.nodes)));
    const [text] = texts;
    if (texts.size > 1) throw new Error("the guards of one module read different rules");
    return text === undefined ? undefined : parseSealedRules(text);
  }
}

/**
 * A module has a name of its own, or an export of the composition comes from it. What has neither was put there by the
 * composer: it is rules or a denial by its form, and a guard when it reads rules, or when it serves the host's interfaces only,
 * as the silent streams do.
 */
function nodesOf(bytes: Uint8Array, parts: Parts, names: ReadonlyMap<number, string>): Map<number, Node> {
  const exporting = new Set(parts.exports.map(({ origin }) => origin.from === "instance" && origin.index));
  const made = new Map(parts.embedded.map((component) => [component, madeRole(bytes, component)]));
  const nodes = new Map<number, Node>();
  const roleAt = (instance: Instance): Role => {
    const role = made.get(instance.of);
    if (names.has(instance.index) || exporting.has(instance.index)) return { is: "module", names: [] };
    if (role?.is === "rules" || role?.is === "deny") return role;
    const servesHost = [...instance.of.exports.keys()].every((name) => name.startsWith("wasi:"));
    const isGuard = servesHost || rulesGivenTo(instance, nodes) !== undefined;
    return isGuard ? { is: "guard", name: "" } : { is: "module", names: [] };
  };
  // What an instance is given comes before it.
  for (const instance of parts.instances) nodes.set(instance.index, { ...instance, role: roleAt(instance) });
  return nodes;
}

function rulesGivenTo({ args }: Instance, nodes: ReadonlyMap<number, Node>): string | undefined {
  const origin = args.get(rulesInterface);
  const giver = origin?.from === "instance" ? nodes.get(origin.index) : undefined;
  return giver?.role.is === "rules" ? giver.role.text : undefined;
}

function takesFrom({ args }: Instance, { index }: Instance): boolean {
  return [...args.values()].some((origin) => origin.from === "instance" && origin.index === index);
}
