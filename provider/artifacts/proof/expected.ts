/** What a sealed composition has to be, and what its proof says of it. */
import type { Digest } from "../digest.ts";
import { splitLabel } from "./names.ts";

/** Names of imports are an Inspection's: full names with versions, plain names, `label: interface`. */
export interface ExpectedModule {
  /** Of the bytes that are embedded. */
  digest: Digest;
  /** What its guards read. */
  rules: string;
  /** Imports that go through a guard, by the guard's name. Behind the guard they may come from the root. */
  guarded: Readonly<Record<string, string>>;
  /** Imports that it may not use, unless another module serves them. */
  denied: readonly string[];
  /** Imports that may come from the root as they are. Others that only a guard takes from there may stand here as well. */
  open: readonly string[];
}

/** A module's import and the other module's export that serves it. */
export interface ExpectedLink {
  from: string;
  import: string;
  to: string;
  export: string;
}

export interface Expected {
  /** By their names in the composition, which are those in their rules. */
  modules: Readonly<Record<string, ExpectedModule>>;
  /** Those that are shipped, by name. */
  guards: Readonly<Record<string, Digest>>;
  /**
   * All links, and then each module occurs once. Absent where a text of the user's wires the modules: then whatever a
   * module gives to another is as it should be, and modules may occur several times.
   */
  links?: readonly ExpectedLink[] | undefined;
  /** All exports of the root that are no types. Absent: any exports of modules. */
  exports?: readonly { from: string; export: string }[] | undefined;
}

/** Where a module's import comes from. */
export type Source =
  | { from: "root"; import: string }
  | { from: "guard"; guard: string }
  | { from: "deny" }
  | { from: "module"; module: string; export: string };

export interface ProvenInstance {
  module: string;
  digest: Digest;
  /** By name of the import; types alone are left out. */
  imports: Record<string, Source>;
}

/** What the bytes of a composition do, as they were walked. */
export interface SealProof {
  /** In the order of the bytes. */
  instances: ProvenInstance[];
  /** What the composition asks the host for, as an Inspection names it; sorted. */
  imports: string[];
  /**
   * Those of `imports` that no function is called of, though they may be denied to all: the host is asked for them because
   * their types occur in other interfaces that it is asked for. Sorted.
   */
  uncalled: string[];
  /** The text of the rules that guards read, by module. */
  rules: Record<string, string>;
}

/** The bytes are not what was asked for. It is a defect of the composer, never of a program; nothing may be delivered. */
export class SealError extends Error {
  override readonly name = "SealError";
  /** Each names the part and what is wrong with it. */
  readonly discrepancies: readonly string[];

  constructor(discrepancies: readonly string[], options?: ErrorOptions) {
    super(
      `The composer made another component than it should: ${discrepancies.join("; ")}. This is a defect of the composer: report it.`,
      options,
    );
    this.discrepancies = discrepancies;
  }
}

/** What is expected of one import of a module. */
export interface Permit {
  guard?: string;
  link?: ExpectedLink;
  access?: "open" | "denied";
}

/** By the names under which arguments are given: a label stands without its interface. */
export type Permits = ReadonlyMap<string, Permit>;

/** @throws SealError where two statements about one import exclude one another */
export function permitsOf(name: string, module: ExpectedModule, links: readonly ExpectedLink[]): Permits {
  const permits = new Map<string, Permit>();
  const add = (item: string, permit: Permit) => {
    const { label, item: full } = splitLabel(item);
    const key = label ?? full;
    const known = permits.get(key) ?? {};
    const clash = (Object.keys(permit) as (keyof Permit)[]).some((field) => field in known);
    if (clash || ("guard" in known && "access" in permit)) {
      throw new SealError([`module ${name}: two things are expected of ${item}`]);
    }
    permits.set(key, { ...known, ...permit });
  };
  for (const [item, guard] of Object.entries(module.guarded)) add(item, { guard });
  for (const item of module.open) add(item, { access: "open" });
  for (const item of module.denied) add(item, { access: "denied" });
  for (const link of links) if (link.from === name) add(link.import, { link });
  return permits;
}

/** What one module's grants come to: `SealedModule` of the capabilities. */
export interface Sealing {
  rules: string;
  /** The imports that each guard serves. */
  guards: Readonly<Partial<Record<string, readonly string[]>>>;
  denied: readonly string[];
}

/** The expectation of a module, whose imports are an Inspection's: what is neither guarded nor denied is open. */
export function expectedModule(
  { digest, imports }: { digest: Digest; imports: readonly string[] },
  { rules, guards, denied }: Sealing,
): ExpectedModule {
  const guarded = Object.fromEntries(
    Object.entries(guards).flatMap(([guard, served = []]) => served.map((name) => [name, guard])),
  );
  const open = imports.filter((name) => !Object.hasOwn(guarded, name) && !denied.includes(name));
  return { digest, rules, guarded, denied, open };
}
