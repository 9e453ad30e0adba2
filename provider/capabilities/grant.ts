/** The output `grant` of a CapabilityGrant: one opaque string that Apps and Compositions take. */
import * as z from "zod";
import { isKnown, isUnknown, type OrUnknown, unknown } from "../schema/fields.ts";
import { decodeMarked, encodeMarked } from "../schema/marked.ts";
import { formatCallee, parseCallee } from "./callee.ts";
import { type GrantInputs, grantFields } from "./grantFields.ts";
import type { Parsed } from "./hosts.ts";
import { noRules, normalRules } from "./lattice.ts";
import {
  formatOrigin,
  formatPortRange,
  parseConfigKey,
  parseEnvironmentKey,
  parseGuestPath,
  parseInterface,
  parseLabel,
  parseLookupName,
  parseOrigin,
  parsePortRange,
  parseSocketHost,
} from "./parse.ts";
import type { FileRule, Rules, SocketRule } from "./rules.ts";
import { type Ambient, ambients, type Family, families, type Opener } from "./vocabulary.ts";

export interface Grant {
  /** The resource's name, for messages and the report. */
  name: string;
  /** What is known of it; `ambient` is what it leaves on when it alone counts. */
  rules: Rules;
  /** What it says of the ambient families itself. */
  ambient: Partial<Record<Ambient, boolean>>;
  /** Families of which something is not known yet, in preview. */
  unknown: Opener[];
}

const grantSchema = z.strictObject({ name: z.string(), ...grantFields.shape });

/** @param inputs as Check has accepted them */
export function grantOf(name: string, inputs: GrantInputs): Grant {
  const rules = noRules();
  const notKnown = new Set<Opener>();
  const read = <Item, T>(
    family: Family,
    items: OrUnknown<OrUnknown<Item>[]> | undefined,
    parse: (item: Item) => OrUnknown<T>,
  ): T[] => {
    const parsed: T[] = [];
    for (const item of isUnknown(items) ? [unknown] : (items ?? [])) {
      const entry = isUnknown(item) ? unknown : parse(item as Item);
      if (isUnknown(entry)) notKnown.add(family);
      else parsed.push(entry);
    }
    return parsed;
  };
  rules.http = read("http", inputs.http, accepted(parseOrigin));
  rules.sockets = read("sockets", inputs.sockets, socketRule);
  rules.nameLookup = read("nameLookup", inputs.nameLookup, accepted(parseLookupName));
  rules.filesystem = read("filesystem", inputs.filesystem, fileRule);
  rules.environment = read("environment", inputs.environment, accepted(parseEnvironmentKey));
  rules.config = read("config", inputs.config, accepted(parseConfigKey));
  for (const family of ["keyValue", "blobs", "messaging", "sql"] as const) {
    rules[family] = read(family, inputs[family], accepted(parseLabel));
  }
  rules.calls = read("calls", inputs.calls, (text: string) => formatCallee(accepted(parseCallee)(text)));
  rules.interfaces = read("interfaces", inputs.interfaces, accepted(parseInterface));
  const ambient = ambientOf(inputs.ambient, notKnown);
  rules.ambient = { ...rules.ambient, ...ambient };
  return { name, rules: normalRules(rules), ambient, unknown: [...notKnown] };
}

function ambientOf(inputs: GrantInputs["ambient"], notKnown: Set<Opener>): Grant["ambient"] {
  const said: Grant["ambient"] = {};
  for (const family of ambients) {
    const value = isUnknown(inputs) ? unknown : inputs?.[family];
    if (isUnknown(value)) notKnown.add(family);
    else if (value !== undefined) said[family] = value;
  }
  return said;
}

type Item<List> = Exclude<Exclude<List, symbol | undefined> extends (infer T)[] ? T : never, symbol>;

/** One unknown part makes the whole entry unknown: half a rule cannot be compared with anything. */
function socketRule(item: Item<GrantInputs["sockets"]>): OrUnknown<SocketRule> {
  const { host, protocol, ports } = item;
  if (isUnknown(host) || isUnknown(protocol) || isUnknown(ports)) return unknown;
  const known = ports.filter(isKnown);
  if (known.length < ports.length) return unknown;
  return { host: accepted(parseSocketHost)(host), protocol, ports: known.map(accepted(parsePortRange)) };
}

function fileRule({ path, access, volume }: Item<GrantInputs["filesystem"]>): OrUnknown<FileRule> {
  if (isUnknown(path) || isUnknown(access) || isUnknown(volume)) return unknown;
  return { path: accepted(parseGuestPath)(path), access, volume };
}

function accepted<T>(parse: (text: string) => Parsed<T>): (text: string) => T {
  return (text) => {
    const parsed = parse(text);
    if (!parsed.ok) throw new Error(`A grant's entry was not checked: it ${parsed.problem}.`);
    return parsed.value;
  };
}

/**
 * Canonical: the same permissions give the same string, however they were written and in whatever order. What is not
 * known yet is marked, entry by entry.
 */
export function encodeGrant(grant: Grant): string {
  return encodeMarked({ name: grant.name, ...inputsOf(grant) });
}

/** @returns undefined for a string that no CapabilityGrant of this version made */
export function decodeGrant(text: string): Grant | undefined {
  const decoded = decodeMarked(grantSchema, text);
  if (!decoded) return undefined;
  const { name, ...inputs } = decoded;
  return grantOf(name, inputs);
}

function inputsOf({ rules, ambient, unknown: notKnown }: Grant): Record<string, unknown> {
  const texts: Record<Family, unknown[]> = {
    ...rules,
    http: rules.http.map(formatOrigin),
    sockets: rules.sockets.map((rule) => ({ ...rule, ports: rule.ports.map(formatPortRange) })),
  };
  const lists = families.map(
    (family) => [family, [...texts[family], ...(notKnown.includes(family) ? [unknown] : [])]] as const,
  );
  const said = ambients.map(
    (family) => [family, notKnown.includes(family) ? unknown : ambient[family]] as const,
  );
  return {
    ...Object.fromEntries(lists.filter(([, items]) => items.length > 0)),
    ambient: said.some(([, value]) => value !== undefined) ? Object.fromEntries(said) : undefined,
  };
}

/**
 * The grant with what others permit as well, under its own name. Of one that is not known yet, anything may come.
 */
export function extended(grant: Grant, others: readonly OrUnknown<Grant>[]): Grant {
  const known = [grant, ...others.filter(isKnown)];
  const notKnown =
    known.length <= others.length
      ? [...families, ...ambients]
      : [...new Set(known.flatMap((each) => each.unknown))];
  const said = ambients.flatMap((family) => {
    const value = notKnown.includes(family) ? undefined : saidOf(known, family);
    return value === undefined ? [] : [[family, value] as const];
  });
  const ambient: Grant["ambient"] = Object.fromEntries(said);
  const rules = union(known);
  return {
    name: grant.name,
    rules: { ...rules, ambient: { ...noRules().ambient, ...ambient } },
    ambient,
    unknown: notKnown,
  };
}

/** Where two grants disagree, the one that allows wins. */
function saidOf(grants: readonly Grant[], family: Ambient): boolean | undefined {
  const said = grants.map((grant) => grant.ambient[family]).filter((value) => value !== undefined);
  return said.length === 0 ? undefined : said.includes(true);
}

/** What a module may do with all of its grants. An ambient family is on unless grants only say that it is off. */
export function union(grants: readonly Grant[]): Rules {
  const rules = noRules();
  for (const family of families) {
    (rules[family] as unknown[]) = grants.flatMap((grant) => grant.rules[family] as unknown[]);
  }
  for (const family of ambients) {
    rules.ambient[family] = saidOf(grants, family) ?? true;
  }
  return normalRules(rules);
}
