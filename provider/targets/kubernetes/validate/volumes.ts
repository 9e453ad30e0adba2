/** What stands behind the volumes that grants name, and where they are mounted. */
import type { FileRule } from "../../../capabilities/rules.ts";
import type { Problem } from "../../../errors.ts";
import { isUnknown } from "../../../schema/fields.ts";
import { propertyPath } from "../../../schema/parse.ts";
import { labelPattern } from "../names.ts";
import { volumeName } from "../render/volumes.ts";
import type { ValidationInput, VolumeFields } from "./input.ts";

const sources = ["configMap", "secret", "claim", "empty"] as const;

export function volumeProblems({ app, rules }: ValidationInput): Problem[] {
  const mounts = isUnknown(rules) ? [] : rules.filesystem;
  const bound = Object.entries(app.volumes).flatMap(([module, volumes]) =>
    isUnknown(volumes)
      ? []
      : Object.entries(volumes).flatMap(([name, volume]) =>
          isUnknown(volume)
            ? []
            : [{ name, volume, path: propertyPath(["bindings", module, "volumes", name]) }],
        ),
  );
  return [
    ...bound.flatMap(({ name, volume, path }) =>
      boundProblem(name, volume, mounts).map((message) => ({ path, message })),
    ),
    ...mounts.flatMap(({ path }) => mountProblem(path)),
  ];
}

function boundProblem(name: string, volume: VolumeFields, mounts: readonly FileRule[]): string[] {
  if (!labelPattern.test(volumeName(name))) {
    return [
      "is no name that Kubernetes takes for a volume: 1 to 56 lower-case letters, digits and hyphens; rename it in the grant",
    ];
  }
  const given = sources.filter((source) => volume[source] !== undefined);
  if (given.length !== 1) {
    const choice = `give exactly one of ${sources.join(", ")}, such as { claim: "catalog" }`;
    return [
      volume.folder === undefined || given.length > 0
        ? choice
        : `has a folder, which a cluster has not: ${choice}`,
    ];
  }
  const isWritten = mounts.some(({ volume: granted, access }) => granted === name && access === "write");
  const [source] = given;
  if (!isWritten || source === "claim" || source === "empty") return [];
  return [
    `is granted for writing, and a ${source === "secret" ? "Secret" : "ConfigMap"} cannot be written to: bind a claim or an empty folder, or grant it for reading`,
  ];
}

/** Places in a container that are not for volumes. */
const reserved = ["/proc", "/sys", "/dev", "/etc"];

function mountProblem(path: string): Problem[] {
  const taken =
    path === "/" ? "/" : reserved.find((folder) => path === folder || path.startsWith(`${folder}/`));
  if (taken === undefined) return [];
  return [
    {
      path: "grants",
      message: `filesystem ${path}: a container has ${taken} for itself; grant another path, such as /data`,
    },
  ];
}
