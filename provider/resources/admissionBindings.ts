/** Every bound name must be granted, and every granted one bound. */
import type * as z from "zod";
import { union } from "../capabilities/grant.ts";
import type { Problem } from "../errors.ts";
import { isKnown, isUnknown } from "../schema/fields.ts";
import { propertyPath } from "../schema/parse.ts";
import type { admissionInputs } from "./admission.ts";
import type { JudgedModule } from "./admissionModules.ts";
import { singleModule } from "./singleModule.ts";

type Bindings = z.output<typeof admissionInputs>["bindings"];

const kinds = ["environment", "config", "volumes"] as const;
type Kind = (typeof kinds)[number];

export function bindingProblems(bindings: Bindings, modules: readonly JudgedModule[]): Problem[] {
  if (isUnknown(bindings)) return [];
  const strangers = Object.keys(bindings ?? {}).filter(
    (name) => !modules.some((module) => module.name === name),
  );
  return [
    ...strangers.map((name) => ({ path: propertyPath(["bindings", name]), message: noModule(modules) })),
    ...modules.flatMap((module) => moduleProblems(module, bindings)),
    ...sharedVolumes(bindings ?? {}),
    ...sharedPaths(modules),
  ];
}

function noModule(modules: readonly JudgedModule[]): string {
  const names = modules.map(({ name }) => name);
  return names.length === 1 && names[0] === singleModule
    ? `there is no module of this name: an App of a single Module calls it ${singleModule}`
    : `there is no module of this name: the modules are ${names.join(", ")}`;
}

function moduleProblems({ name, grants }: JudgedModule, bindings: Bindings): Problem[] {
  const bound = isUnknown(bindings) ? {} : (bindings?.[name] ?? {});
  if (isUnknown(bound)) return [];
  const rules = union(grants.filter(isKnown));
  const isPartlyKnown = grants.some((grant) => isUnknown(grant) || grant.unknown.length > 0);
  const granted: Record<Kind, string[]> = {
    environment: rules.environment,
    config: rules.config,
    volumes: [...new Set(rules.filesystem.map(({ volume }) => volume))],
  };
  return kinds.flatMap((kind) => {
    const names = bound[kind] ?? [];
    if (isUnknown(names) || names.some(isUnknown)) return [];
    const path = (key: string) => propertyPath(["bindings", name, kind, key]);
    const given = names.filter(isKnown);
    const extra = isPartlyKnown ? [] : given.filter((key) => !granted[kind].includes(key));
    const missing = granted[kind].filter((key) => !given.includes(key));
    return [
      ...extra.map((key) => ({ path: path(key), message: notGranted(kind, key, name) })),
      ...missing.map((key) => ({ path: path(key), message: notBound(kind) })),
    ];
  });
}

/** The host knows the keys of each module by the module's name, but all have their volumes in one tree. */
function sharedVolumes(bindings: Exclude<Bindings, symbol | undefined>): Problem[] {
  const owners = new Map<string, string>();
  return Object.entries(bindings).flatMap(([module, bound]) => {
    const names = isUnknown(bound) ? [] : (bound.volumes ?? []);
    return (isUnknown(names) ? [] : names.filter(isKnown)).flatMap((key) => {
      const owner = owners.get(key);
      owners.set(key, owner ?? module);
      if (owner === undefined) return [];
      const message = `is bound for ${owner} as well, and the modules of a composition share their volumes: give one of them another name`;
      return [{ path: propertyPath(["bindings", module, "volumes", key]), message }];
    });
  });
}

/** One host has one tree of files. */
function sharedPaths(modules: readonly JudgedModule[]): Problem[] {
  const owners = new Map<string, { module: string; volume: string }>();
  return modules.flatMap(({ name: module, grants }) =>
    union(grants.filter(isKnown)).filesystem.flatMap(({ path, volume }) => {
      const owner = owners.get(path);
      owners.set(path, owner ?? { module, volume });
      if (owner === undefined || owner.module === module || owner.volume === volume) return [];
      const message = `modules ${owner.module} and ${module} have different volumes at ${path} (${owner.volume}, ${volume}), and the modules of a composition share one tree of files: give one of them another path`;
      return [{ path: "grants", message }];
    }),
  );
}

function notGranted(kind: Kind, name: string, module: string): string {
  const whose = module === singleModule ? "of this App" : `of module ${module}`;
  const line =
    kind === "volumes"
      ? `filesystem: [{ path: "/data", access: "read", volume: "${name}" }]`
      : `${kind}: ["${name}"]`;
  return `no grant names it: add ${line} to a CapabilityGrant ${whose}, or remove the binding`;
}

function notBound(kind: Kind): string {
  return kind === "volumes"
    ? 'is granted, but bound to nothing: give it a place, such as { folder: "./data" }, or take it out of the grant'
    : "is granted, but bound to no value: give it one, or take it out of the grant";
}
