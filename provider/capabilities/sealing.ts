/**
 * What becomes of each import of a module when its grants are sealed into a composition: it goes to whoever serves it, passes
 * through a guard, or is denied. What no grant opens is denied; that is for cover to complain about, not for this.
 */
import { type Grant, union } from "./grant.ts";
import { Openers } from "./openers.ts";
import { rulesText } from "./rulesText.ts";
import { type GuardName, guardOf, isAmbient, meaningOf, parseImportName } from "./vocabulary.ts";

export interface SealedModule {
  /** What the module's guards let through, as `rulesText` writes it. */
  rules: string;
  /** The imports that each guard serves. */
  guards: Partial<Record<GuardName, string[]>>;
  /** Imports that are denied. The others are open. */
  denied: string[];
}

export interface SealingInput {
  module: string;
  /** As an Inspection has them. */
  imports: readonly string[];
  /** Imports that another module serves. They need no grant, but where there is one for them it holds there as well. */
  linked: ReadonlySet<string>;
  grants: readonly Grant[];
  /** Imports that the program denies, with or without version. */
  denied: readonly string[];
  /** Whether other modules share the host's environment. */
  isShared: boolean;
}

export function sealModule({
  module,
  imports,
  linked,
  grants,
  denied,
  isShared,
}: SealingInput): SealedModule {
  const openers = new Openers([...grants], false);
  const sealed: SealedModule = { rules: rulesText(module, union(grants), isShared), guards: {}, denied: [] };
  for (const item of imports.map(parseImportName)) {
    const open = openers.of(item);
    const isDenied = denied.includes(item.full) || denied.includes(item.name);
    const guard = open.length > 0 && !open.every(isAmbient) && !isDenied ? guardOf(item) : undefined;
    if (guard) sealed.guards[guard] = [...(sealed.guards[guard] ?? []), item.full];
    else if (linked.has(item.full) || (!isDenied && open.length > 0)) continue;
    else if (isDenied || meaningOf(item).kind !== "structural") sealed.denied.push(item.full);
  }
  return silenced(sealed, imports);
}

const standardStream = /^wasi:cli\/std(in|out|err)@/;
const anyStream = /^wasi:io\//;
/** What neither takes nor gives a stream, or what can be waited for. */
const withoutStreams =
  /^wasi:(io\/|cli\/(exit|environment|terminal-|std(in|out|err)@)|clocks\/wall-clock@|random\/|config\/)/;

/**
 * Streams that lead nowhere in the place of the host's, where nothing else that the module may use takes or gives a stream of
 * the host's. Elsewhere the functions that give the standard streams trap.
 */
function silenced(sealed: SealedModule, imports: readonly string[]): SealedModule {
  const { denied, guards } = sealed;
  const others = imports.filter((full) => !denied.includes(full) && !withoutStreams.test(full));
  if (!denied.some((full) => standardStream.test(full)) || others.length > 0) return sealed;
  const silent = imports.filter((full) => standardStream.test(full) || anyStream.test(full));
  return {
    ...sealed,
    guards: { ...guards, stdio: silent },
    denied: denied.filter((full) => !silent.includes(full)),
  };
}
