/**
 * Cover: whether each import of a module is opened by a grant, denied by the program, or denied because only its
 * language asks for it. Everything else is an error in preview, with the line to paste.
 */
import { isKnown, type OrUnknown } from "../schema/fields.ts";
import { type Entry, entriesOf } from "./entries.ts";
import { type Grant, union } from "./grant.ts";
import { habitualImports, startNeeds, type Traits } from "./habits.ts";
import { hostCovers } from "./hosts.ts";
import { isWasi03, Openers } from "./openers.ts";
import {
  type Ambient,
  type Family,
  type ImportName,
  isAmbient,
  meaningOf,
  type Opener,
  parseImportName,
} from "./vocabulary.ts";

export interface CoverInput {
  /** The module's name in messages: `main` for an App of a single Module. */
  module: string;
  inspection: Traits;
  /** A grant that is not known yet could open anything that grants can open. */
  grants: OrUnknown<Grant>[];
  /** Imports that the program denies, with or without version; entries that are not known yet may be left in. */
  denied: OrUnknown<string>[];
}

export interface CoverError {
  /** The imports that the error is about; empty when it is about the grants alone. */
  imports: string[];
  /** Complete: what is wrong and the line to paste. */
  message: string;
}

export interface Coverage {
  errors: CoverError[];
  /** Imports that the program denies. */
  denied: string[];
  /** Imports that are denied because the language brings them in by itself and no grant names them. */
  quietlyDenied: string[];
  /** One line about `quietlyDenied`. */
  summary: string | undefined;
  /** Imports that the host serves within the grants, by what opens them. Not the structural ones, which are always served. */
  open: Partial<Record<Opener, string[]>>;
  /** Imports about which preview cannot say yet whether a grant opens them. */
  undecided: string[];
  /** What grants name and no import uses, and what cannot work as it is written; one line each. */
  warnings: string[];
}

export function cover({ module, inspection, grants, denied }: CoverInput): Coverage {
  const known = grants.filter(isKnown);
  const someUnknown = grants.length > known.length;
  const openers = new Openers(known, someUnknown);
  const denials = denied.filter(isKnown);
  const someDenialUnknown = denials.length < denied.length;
  const items = inspection.imports.map(parseImportName);
  const isOpen = (family: Family) => items.some((item) => openers.of(item).includes(family));
  const habitual = habitualImports(inspection, isOpen);
  const coverage: Coverage = {
    errors: [],
    denied: [],
    quietlyDenied: [],
    summary: undefined,
    open: {},
    undecided: [],
    warnings: [],
  };
  const uncovered: ImportName[] = [];
  for (const item of items) {
    const meaning = meaningOf(item);
    const isDenied = denials.some((name) => name === item.full || name === item.name);
    const open = openers.of(item);
    if (isDenied && (meaning.kind === "structural" || open.length > 0)) {
      coverage.errors.push({ imports: [item.full], message: contradiction(module, item, open) });
    } else if (isDenied) coverage.denied.push(item.full);
    else if (open.length > 0) addOpen(coverage.open, open, item.full);
    else if (meaning.kind === "structural") continue;
    else if (someDenialUnknown || openers.mayOpen(item)) coverage.undecided.push(item.full);
    else if (habitual.has(item.full)) coverage.quietlyDenied.push(item.full);
    else uncovered.push(item);
  }
  coverage.errors.push(...uncoveredErrors(module, uncovered), ...volumeConflicts(module, known));
  coverage.summary = summaryOf(module, coverage.quietlyDenied, habitual);
  coverage.warnings.push(
    ...unusedGrants(module, known, coverage),
    ...socketsWithoutLookup(module, known, someUnknown),
    ...unusedDenials(module, denials, inspection.imports),
    ...(someUnknown ? [] : unmetNeeds(module, inspection, known, openers)),
  );
  return coverage;
}

function addOpen(open: Coverage["open"], openers: Opener[], full: string): void {
  for (const opener of openers) open[opener] = [...(open[opener] ?? []), full];
}

/** One error for all imports that the same line would open. */
function uncoveredErrors(module: string, items: ImportName[]): CoverError[] {
  const groups = new Map<string, ImportName[]>();
  for (const item of items) {
    const advice = adviceFor(item);
    groups.set(advice, [...(groups.get(advice) ?? []), item]);
  }
  return [...groups].map(([advice, group]) => {
    const imports = group.map(({ full }) => full);
    const lines = [...new Set(group.map(({ name }) => JSON.stringify(name)))];
    const message = `module ${module} imports ${imports.join(", ")}, and no grant covers ${imports.length > 1 ? "them" : "it"}. ${advice} Or deny: denied: [${lines.join(", ")}]`;
    return { imports, message };
  });
}

/** The lines to paste into a CapabilityGrant, by what opens an import. */
const examples: Record<Opener, string> = {
  http: 'http: ["https://api.example.com"]',
  sockets: 'sockets: [{ host: "10.0.0.0/8", protocol: "tcp", ports: ["5432"] }]',
  nameLookup: 'nameLookup: ["db.example.com"]',
  filesystem: 'filesystem: [{ path: "/data", access: "read", volume: "data" }]',
  environment: 'environment: ["KEY"]',
  config: 'config: ["key"]',
  keyValue: 'keyValue: ["store"]',
  blobs: 'blobs: ["container"]',
  messaging: 'messaging: ["subject"]',
  sql: 'sql: ["database"]',
  calls: 'calls: ["app"]',
  interfaces: "interfaces: […]",
  clocks: "ambient: { clocks: true }",
  random: "ambient: { random: true }",
  stdio: "ambient: { stdio: true }",
};

function adviceFor(item: ImportName): string {
  const meaning = meaningOf(item);
  if (isWasi03(item)) return "WASI 0.3 is not supported yet: build the module for WASI 0.2.";
  if (meaning.kind === "opened") {
    const { openers, protocol = "tcp" } = meaning;
    const lines = openers.map((opener) => examples[opener].replace('"tcp"', JSON.stringify(protocol)));
    return `Grant what it may reach, for example ${lines.join(" or ")}.`;
  }
  if (meaning.kind === "unknownVersion") {
    return `Version ${item.version ?? "(none)"} of ${item.name} is not known here; known: ${shorten(meaning.versions)}. Build the module with another version, or upgrade the plugin.`;
  }
  if (item.form === "interface")
    return `Grant it by name: interfaces: [${JSON.stringify(interfaceOf(item))}].`;
  const what = item.form === "core" ? "No runtime provides it" : "It is a plain name, which no host provides";
  return `${what}: build the module without it, or compose it with a module that exports it.`;
}

function interfaceOf({ name, version }: ImportName): string {
  return version === undefined ? name : `${name}@${version}`;
}

function shorten(versions: string[]): string {
  return versions.length > 3 ? `${versions[0]} to ${versions.at(-1)}` : versions.join(", ");
}

function contradiction(module: string, { full, name }: ImportName, open: Opener[]): string {
  const why =
    open.length === 0
      ? "it only holds types that other interfaces need"
      : open.every(isAmbient)
        ? `each module has ${open.join(" and ")} unless a grant narrows it; write ambient: { ${open[0]}: false } in a grant instead`
        : `a grant opens it (${open.join(", ")}): take it from one of the two`;
  return `denied names ${full} of module ${module}, but ${why}. Remove ${JSON.stringify(name)} from denied.`;
}

/** At one path a module can have one volume. */
function volumeConflicts(module: string, grants: Grant[]): CoverError[] {
  const byPath = new Map<string, { volume: string; grant: string }>();
  const errors: CoverError[] = [];
  for (const { name, rules } of grants) {
    for (const { path, volume } of rules.filesystem) {
      const before = byPath.get(path);
      byPath.set(path, before ?? { volume, grant: name });
      if (before === undefined || before.volume === volume) continue;
      const message = `grants ${before.grant} and ${name} put different volumes at ${path} of module ${module} (${before.volume}, ${volume}). Give one of them another path.`;
      errors.push({ imports: [], message });
    }
  }
  return errors;
}

function summaryOf(module: string, denied: string[], habitual: Map<string, string>): string | undefined {
  if (denied.length === 0) return undefined;
  const languages = [...new Set(denied.map((name) => habitual.get(name)))].sort().join(" and ");
  const lookUp = denied.some((full) => parseImportName(full).name === "wasi:sockets/ip-name-lookup")
    ? '; a program that looks names up is told that it may not, unless a grant names them: nameLookup: ["db.example.com"]'
    : "";
  return `module ${module}: denied, and asked for by ${languages} itself: ${denied.join(", ")}${lookUp}`;
}

/** Entries that no import can use; by grant, so that the reader knows where to look. */
function unusedGrants(module: string, grants: Grant[], { open, denied }: Coverage): string[] {
  const hint = denied.length > 0 ? " (imports that are denied do not count)" : "";
  return grants.flatMap(({ name, rules }) => {
    const unused = entriesOf(rules).filter(
      (entry) => !(open[entry.family] ?? []).some((full) => uses(full, entry)),
    );
    const texts = unused.map(({ family, text }) => `${family} ${text}`);
    if (texts.length === 0) return [];
    return [
      `grant ${name}: no import of module ${module} uses ${texts.join(", ")}${hint}; remove it, or correct the module`,
    ];
  });
}

/** Whether an import that an entry's family opens is there for that entry. */
function uses(full: string, { family, text }: Entry): boolean {
  const item = parseImportName(full);
  if (family === "interfaces") return interfaceOf(item) === text;
  const meaning = meaningOf(item);
  // Handles of several families (a network, an open descriptor) prove the use of none.
  const isForIt = (openers: Opener[]) => openers.length === 1 || family === "http" || family === "calls";
  if (meaning.kind !== "opened" || !isForIt(meaning.openers)) return false;
  return meaning.protocol === undefined || text.startsWith(`${meaning.protocol} `);
}

/** A socket to a name reaches what a look-up of that name returned: without the look-up, nothing. */
function socketsWithoutLookup(module: string, grants: Grant[], someUnknown: boolean): string[] {
  const rules = union(grants);
  if (someUnknown || grants.some((grant) => grant.unknown.includes("nameLookup"))) return [];
  const names = rules.sockets
    .map(({ host }) => host)
    .filter((host) => /[a-z]/.test(host) && !host.includes(":"));
  const missing = [...new Set(names)].filter(
    (host) => !rules.nameLookup.some((pattern) => hostCovers(pattern, host)),
  );
  return missing.map(
    (host) =>
      `module ${module}: sockets to ${host} reach nothing, for no grant lets it look the name up: nameLookup: ["${host}"]`,
  );
}

function unusedDenials(module: string, denials: string[], imports: string[]): string[] {
  const names = new Set(imports.map(parseImportName).flatMap(({ full, name }) => [full, name]));
  return denials
    .filter((name) => !names.has(name))
    .map((name) => `denied: module ${module} has no import ${JSON.stringify(name)}; remove it`);
}

/** Languages that call, before the program does anything, what ends the module. */
function unmetNeeds(module: string, traits: Traits, grants: Grant[], openers: Openers): string[] {
  const { ambient } = union(grants);
  const items = traits.imports.map(parseImportName);
  const ends = (item: ImportName, family: Ambient) => {
    const meaning = meaningOf(item);
    const isAsked = meaning.kind === "opened" && meaning.openers.includes(family);
    // Standard streams are silent, except where files or sockets bring the host's along.
    return isAsked && (family !== "stdio" || openers.of(item).length > 0);
  };
  return [...startNeeds(traits)].flatMap(([family, language]) => {
    if (ambient[family] || !items.some((item) => ends(item, family))) return [];
    return [
      `module ${module}: ${language} does not start without ${family}, which its grants take away (ambient: { ${family}: false }); each call of the module traps. Leave ${family} on`,
    ];
  });
}
