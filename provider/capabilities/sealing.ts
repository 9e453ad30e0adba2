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
  /** As an Inspection has them; absent: nothing follows from them. */
  exports?: readonly string[];
  /** Imports that another module serves. They need no grant, but where there is one for them it holds there as well. */
  linked: ReadonlySet<string>;
  grants: readonly Grant[];
  /** Imports that the program denies, with or without version. */
  denied: readonly string[];
  /** Whether other modules share the host's environment. */
  isShared: boolean;
}

export function sealModule(input: SealingInput): SealedModule {
  const { module, imports, linked, grants, denied, isShared } = input;
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
  return silenced(sealed, input);
}

const standardStream = /^wasi:cli\/std(in|out|err)@/;
/** What the guards of silent streams serve. */
const silenceable = /^wasi:(io\/|cli\/(std(in|out|err)|terminal-[a-z]+)@)/;
const clock = /^wasi:clocks\/monotonic-clock@/;
/** What neither takes nor gives a stream, or what can be waited for. */
const withoutStreams =
  /^(wasi:(cli\/(exit|environment)@|clocks\/(wall-clock|timezone)@|random\/|config\/|keyvalue\/)|wasmcloud:messaging\/|fermyon:spin\/sqlite@|spin:sqlite\/)/;
/** A command that may not send requests, and gets none, has no use for their types. */
const httpTypes = /^wasi:http\/types@/;
const command = /^wasi:cli\/run@/;

/**
 * Streams that lead nowhere in the place of the host's, where nothing else that the module may use takes or gives a stream of
 * the host's. Elsewhere the functions that give the standard streams trap.
 */
function silenced(sealed: SealedModule, { imports, exports, linked }: SealingInput): SealedModule {
  const { denied, guards } = sealed;
  const used = imports.filter((full) => !denied.includes(full));
  const isUseless = (full: string) => httpTypes.test(full) && exports?.every((name) => command.test(name));
  const useless = used.filter(isUseless);
  const silent = imports.filter((full) => silenceable.test(full));
  const waits = used.filter((full) => clock.test(full));
  const served = [...silent, ...waits];
  const others = used.filter((full) => ![...served, ...useless].includes(full) && !withoutStreams.test(full));
  const isSilenced =
    denied.some((full) => standardStream.test(full)) &&
    others.length === 0 &&
    served.every((full) => !linked.has(full) && meaningOf(parseImportName(full)).kind !== "unknownVersion");
  if (!isSilenced) return sealed;
  const guard: GuardName = waits.length > 0 ? "stdio-clock" : "stdio";
  return {
    ...sealed,
    guards: { ...guards, [guard]: served },
    denied: [...denied.filter((full) => !silent.includes(full)), ...useless],
  };
}
