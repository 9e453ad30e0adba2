/**
 * The proof of a seal: walks a composition's bytes and holds every argument of every instance against what was asked for.
 * It expects bytes that a validator has accepted, so types fit, and shares no code with what made them.
 *
 * What it proves: a module's code calls outside of itself through its arguments only, as every component does. Each
 * argument is followed to where it comes from, so a call ends at the host only where that was open, or in a guard that is
 * one of ours, by digest, and has that module's rules and serves no other; else in another module, or in a component that
 * can call nothing. The root itself has no code, so nothing else happens on the way.
 */
import type { Digest } from "../digest.ts";
import { type Expected, type ProvenInstance, SealError, type SealProof, type Source } from "./expected.ts";
import { fullName } from "./names.ts";
import { type Origin, type Parts, takeApart } from "./parts.ts";
import { type Node, type Role, roleOf } from "./roles.ts";
import { codeFaults, rootImports } from "./root.ts";
import { Wiring } from "./wiring.ts";

/** @throws SealError with every discrepancy: a defect of the composer */
export function checkSeal(bytes: Uint8Array, expected: Expected): SealProof {
  const parts = read(bytes);
  const roles = rolesOf(bytes, parts, expected);
  const nodes = parts.instances.map((instance): Node => {
    return { ...instance, role: roles.get(instance.of.index) ?? { is: "unknown", why: "" } };
  });
  const wiring = new Wiring(nodes, expected);
  wiring.check(parts.exports);
  const { faults: importFaults, uncalled } = rootImports(parts, nodes);
  const faults = [
    ...parts.faults,
    ...codeFaults(parts.root),
    ...roleFaults(roles, parts),
    ...wiring.faults,
    ...importFaults,
  ];
  if (faults.length > 0) throw new SealError(faults);
  return { ...proofOf(parts, nodes, wiring, expected), uncalled: uncalled.map(fullName).sort() };
}

function read(bytes: Uint8Array): Parts {
  try {
    return takeApart(bytes);
  } catch (error) {
    throw new SealError([error instanceof Error ? error.message : String(error)], { cause: error });
  }
}

function rolesOf(bytes: Uint8Array, { embedded }: Parts, { modules, guards }: Expected): Map<number, Role> {
  const known = { modules: new Map<Digest, string[]>(), guards: new Map<Digest, string>() };
  for (const [name, { digest }] of Object.entries(modules)) {
    known.modules.set(digest, [...(known.modules.get(digest) ?? []), name]);
  }
  for (const [name, digest] of Object.entries(guards)) known.guards.set(digest, name);
  return new Map(embedded.map((component) => [component.index, roleOf(bytes, component, known)]));
}

function roleFaults(roles: ReadonlyMap<number, Role>, { instances }: Parts): string[] {
  const used = new Set(instances.map(({ of }) => of.index));
  return [...roles].flatMap(([index, role]) => {
    if (role.is === "unknown")
      return [`component ${index} is no module, guard, rules or denial: ${role.why}`];
    return used.has(index) ? [] : [`component ${index} is never instantiated`];
  });
}

function proofOf(
  { root }: Parts,
  nodes: readonly Node[],
  { names }: Wiring,
  { modules }: Expected,
): Omit<SealProof, "uncalled"> {
  const byIndex = new Map(nodes.map((node) => [node.index, node]));
  const sourceOf = (origin: Origin): Source | undefined => {
    if (origin.from === "root") return { from: "root", import: fullName(origin.import) };
    const node = origin.from === "instance" ? byIndex.get(origin.index) : undefined;
    if (origin.from !== "instance" || !node) return undefined;
    if (node.role.is === "guard") return { from: "guard", guard: node.role.name };
    if (node.role.is === "deny") return { from: "deny" };
    return { from: "module", module: names.get(node.index) ?? "", export: origin.path.join(".") };
  };
  const instances = nodes.flatMap((node): ProvenInstance[] => {
    const module = names.get(node.index);
    if (module === undefined) return [];
    const imports: ProvenInstance["imports"] = {};
    for (const [name, origin] of node.args) {
      const source = sourceOf(origin);
      if (source) imports[fullName(node.of.imports.get(name) ?? { name })] = source;
    }
    return [{ module, digest: node.of.digest, imports }];
  });
  const imports = root.imports.filter((item) => item.sort !== "type" || item.resource).map(fullName);
  const rules = Object.fromEntries(Object.entries(modules).map(([name, module]) => [name, module.rules]));
  return { instances, imports: imports.sort(), rules };
}
