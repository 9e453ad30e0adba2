import { entriesOf } from "./entries.ts";
import { type Grant, union } from "./grant.ts";
import { type ImportName, meaningOf, type Opener } from "./vocabulary.ts";

/** What the grants of a module open. */
export class Openers {
  private readonly granted: Set<Opener>;
  private readonly mayBeGranted: Set<Opener>;
  private readonly interfaces: Set<string>;
  private readonly protocols: Set<string>;
  private readonly anything: boolean;

  constructor(known: Grant[], someUnknown: boolean) {
    const rules = union(known);
    const families = known.flatMap(({ rules: own }) => [...entriesOf(own)].map(({ family }) => family));
    this.granted = new Set([...families, ...ambientOpeners(rules.ambient)]);
    this.mayBeGranted = new Set(known.flatMap((grant) => grant.unknown));
    this.interfaces = new Set(rules.interfaces);
    this.protocols = new Set(rules.sockets.map(({ protocol }) => protocol));
    this.anything = someUnknown;
  }

  /** What opens an import; more than one family may, and then each is listed. */
  of(item: ImportName): Opener[] {
    const meaning = meaningOf(item);
    if (meaning.kind === "opened") {
      const { openers, protocol } = meaning;
      if (protocol !== undefined && !this.protocols.has(protocol)) return [];
      return openers.filter((opener) => this.granted.has(opener));
    }
    const name = item.version === undefined ? item.name : `${item.name}@${item.version}`;
    return meaning.kind === "other" && item.form === "interface" && this.interfaces.has(name)
      ? ["interfaces"]
      : [];
  }

  /** Whether something that is not known yet could open it. */
  mayOpen(item: ImportName): boolean {
    const meaning = meaningOf(item);
    if (meaning.kind === "opened")
      return this.anything || meaning.openers.some((opener) => this.mayBeGranted.has(opener));
    if (meaning.kind !== "other" || item.form !== "interface" || isWasi03(item)) return false;
    return this.anything || this.mayBeGranted.has("interfaces");
  }
}

function ambientOpeners(ambient: Record<string, boolean>): Opener[] {
  return (Object.keys(ambient) as Opener[]).filter((family) => ambient[family]);
}

export function isWasi03({ name, version }: ImportName): boolean {
  return name.startsWith("wasi:") && version !== undefined && /^0\.3\./.test(version);
}
