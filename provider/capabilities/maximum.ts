/**
 * `maximumGrants`: the most that the modules of a stack may be granted. A guardrail against mistakes, not a boundary against
 * whoever writes the program, who can name another provider.
 */
import * as z from "zod";
import type { Digest } from "../artifacts/digest.ts";
import { isKnown, isUnknown, list, map, type OrUnknown, object, optional } from "../schema/fields.ts";
import { type Entry, entriesOf } from "./entries.ts";
import { type Grant, grantOf, union } from "./grant.ts";
import { grantFields } from "./grantFields.ts";
import { uncovered } from "./lattice.ts";
import { keyProblem, type Source, sourceOf } from "./maximumKeys.ts";
import type { Rules } from "./rules.ts";
import { type Ambient, ambients, families, type Opener } from "./vocabulary.ts";

const limitShape = {
  ...grantFields.shape,
  unlimited: optional(list(z.enum(families)), {
    description:
      'Families of which anything may be granted: `["environment", "config"]`. Of a family that stands neither here nor above, ' +
      "nothing may be granted.",
  }),
};

const moduleFields = object(
  "wasm:index:ModuleMaximum",
  "The most that one module may be granted, in place of the stack's maximum; by reference, what it may be granted besides.",
  limitShape,
).superRefine(refuseBoth);

export const maximumFields = object(
  "wasm:index:MaximumGrants",
  "The most that the modules of a stack may be granted, written like a grant: what it does not name, nobody may be granted. The " +
    "`ambient` families are on unless it says `false`; then each module needs a grant that says so, too.",
  {
    ...limitShape,
    modules: optional(map(moduleFields).superRefine(refuseKeys), {
      description:
        "Maxima of particular modules. One by the module's `digest` (`sha256:…`) stands in place of all the rest, for those very bytes: after a " +
        "change of the module, the stack's maximum counts again. One by reference adds to the stack's maximum, and takes nothing " +
        "away, for what was pulled from a repository (`registry.example/acme/api`), or for one artifact " +
        "(`registry.example/acme/api@sha256:…`), wherever it is kept.",
    }),
  },
).superRefine(refuseBoth);

/** As it was checked. */
export type MaximumGrants = z.output<typeof maximumFields>;
type LimitFields = z.output<typeof moduleFields>;

function refuseBoth(fields: LimitFields, context: z.RefinementCtx): void {
  const { unlimited = [] } = fields;
  if (isUnknown(unlimited)) return;
  for (const [index, family] of unlimited.entries()) {
    if (isUnknown(family) || fields[family] === undefined) continue;
    const message = `${family} is limited as well: leave it out here or there`;
    context.addIssue({ code: "custom", path: ["unlimited", index], message });
  }
}

/** By reference nothing is taken away, for an empty cache would give it back: where bytes came from is not in them. */
function refuseKeys(modules: Record<string, OrUnknown<LimitFields>>, context: z.RefinementCtx): void {
  for (const [key, fields] of Object.entries(modules)) {
    const refuse = (message: string, ...path: string[]) =>
      context.addIssue({ code: "custom", path: [key, ...path], message });
    const problem = keyProblem(key);
    if (problem !== undefined) refuse(problem);
    if (problem !== undefined || isUnknown(fields) || !sourceOf(key)) continue;
    const { ambient = {} } = fields;
    const said = ambients.map((family) => [family, isUnknown(ambient) ? ambient : ambient[family]] as const);
    const taken = said.filter(([, value]) => value === false);
    for (const [family] of taken) refuse(onlyAdds("takes away"), "ambient", family);
    const lists = [...families, "unlimited" as const].map((name) => fields[name] ?? []);
    const isEmpty = lists.every((items) => isKnown(items) && items.length === 0);
    if (isEmpty && said.every(([, value]) => value === undefined)) refuse(onlyAdds("adds nothing"));
  }
}

function onlyAdds(what: string): string {
  return `${what}, but an entry by reference only adds to the stack's maximum. To allow a module less, name it by its \`digest\``;
}

/** Where modules can come from to be allowed more, by the keys that say so. */
export function maximumSources({ modules = {} }: MaximumGrants): { key: string; source: Source }[] {
  if (isUnknown(modules)) return [];
  return Object.keys(modules).flatMap((key) => {
    const source = sourceOf(key);
    return source ? [{ key, source }] : [];
  });
}

export interface LimitedModule {
  /** As messages call it. */
  name: string;
  /** Of the module as it was declared. */
  digest: OrUnknown<Digest>;
  /** Keys of `maximumSources` that it is known to have come from. */
  sources: readonly string[];
  /** What it was granted, so that a message can say where an entry comes from. */
  grants: readonly OrUnknown<Grant>[];
}

/**
 * What a module may do beyond the maximum: one complete message for each entry. What is not known yet is not held against
 * it; while the module itself is not known, any maximum of its own could be the one that counts.
 * @param rules all that the module may do, as far as it is known: by its grants, or by what its bytes say
 */
export function aboveMaximum(rules: Rules, maximum: MaximumGrants, module: LimitedModule): string[] {
  const limit = limitOf(maximum, module);
  if (limit === undefined) return [];
  const grants = module.grants.filter(isKnown);
  const beyondGrants = uncovered(union(grants), rules);
  const parts: Part[] = [...grants, { name: undefined, rules: beyondGrants }];
  return [
    ...parts.flatMap(({ name, rules: own }) =>
      entriesOf(uncovered(limit.rules, own))
        .filter(({ family }) => !limit.open.has(family))
        .map((entry) => entryMessage(entry, module.name, name, limit)),
    ),
    ...ambients
      .filter((family) => uncovered(limit.rules, rules).ambient[family])
      .filter((family) => !limit.open.has(family) && isDecided(family, module.grants))
      .map((family) => ambientMessage(family, module.name, limit)),
  ];
}

/** A grant, or nameless what no grant says and the bytes do. */
interface Part {
  name: string | undefined;
  rules: Rules;
}

interface Limit {
  /** Where it is set, as the user writes it. */
  place: string;
  rules: Rules;
  /** Of these anything is allowed, or it is not known yet what is. */
  open: ReadonlySet<Opener>;
}

function limitOf(
  { modules = {}, ...stack }: MaximumGrants,
  { digest, sources }: LimitedModule,
): Limit | undefined {
  if (isUnknown(modules)) return undefined;
  if (isUnknown(digest)) return Object.keys(modules).length === 0 ? limit(setting, [stack]) : undefined;
  const own = modules[digest];
  if (isUnknown(own)) return undefined;
  if (own) return limit(`${setting}.modules["${digest}"]`, [own]);
  const added = sources.map((key) => modules[key]).filter((fields) => fields !== undefined);
  if (added.some(isUnknown)) return undefined;
  const names = sources.map((key) => ` with modules["${key}"]`).join("");
  return limit(`${setting}${names}`, [stack, ...added.filter(isKnown)]);
}

const setting = "wasm:maximumGrants";

/** @param parts what is allowed together */
function limit(place: string, parts: readonly LimitFields[]): Limit {
  const grants = parts.map((fields) => grantOf(place, fields));
  const unlimited = parts.flatMap(({ unlimited: open = [] }) =>
    isUnknown(open) || open.some(isUnknown) ? families : open.filter(isKnown),
  );
  const notKnown = grants.flatMap((grant) => grant.unknown);
  return { place, rules: union(grants), open: new Set([...unlimited, ...notKnown]) };
}

/** Whether all grants say what they do about a family. */
function isDecided(family: Ambient, grants: readonly OrUnknown<Grant>[]): boolean {
  return grants.every((grant) => isKnown(grant) && !grant.unknown.includes(family));
}

const shownEntries = 8;

function entryMessage(
  { family, text }: Entry,
  module: string,
  grant: string | undefined,
  { place, rules }: Limit,
) {
  const source = grant === undefined ? "" : `, grant ${grant}`;
  const texts = entriesOf(rules).flatMap((entry) => (entry.family === family ? entry.text : []));
  const more = texts.length > shownEntries ? ` and ${texts.length - shownEntries} more` : "";
  const allowed =
    texts.length === 0
      ? `nothing of ${family}`
      : `${family} ${texts.slice(0, shownEntries).join(", ")}${more}`;
  return `${family} ${text} (module ${module}${source}) is above the maximum: ${place} allows ${allowed}. Narrow the grant, or have the maximum raised.`;
}

function ambientMessage(family: Ambient, module: string, { place }: Limit): string {
  return `ambient ${family} (module ${module}) is above the maximum: ${place} takes it away. Write ambient: { ${family}: false } in a grant of the module, and true in none.`;
}
