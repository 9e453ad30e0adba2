/** The volumes of a pod: those that grants name, and folders that a shim writes to although the root is read-only. */
import type * as k8s from "@pulumi/kubernetes/types/input.js";
import type { Rules } from "../../../capabilities/rules.ts";
import type { KubernetesApp, VolumeSource } from "../app.ts";
import { runtimes } from "../runtimes.ts";

export function podVolumes(app: KubernetesApp): k8s.core.v1.Volume[] {
  return [
    ...Object.entries(app.volumes).map(([volume, source]) => ({
      name: volumeName(volume),
      ...sourceOf(source),
    })),
    ...writableFolders(app).map(({ name }) => ({ name, emptyDir: {} })),
  ];
}

/** Where granted folders are mounted, each at the guest's own path; nothing where none is. */
export function volumeMounts({
  filesystem,
}: Pick<Rules, "filesystem">): k8s.core.v1.VolumeMount[] | undefined {
  if (filesystem.length === 0) return undefined;
  return filesystem.map(({ path, access, volume }) => ({
    name: volumeName(volume),
    mountPath: path,
    readOnly: access === "read",
  }));
}

export function writableFolders({
  runtime,
}: Pick<KubernetesApp, "runtime">): { name: string; path: string }[] {
  return runtimes[runtime].writableFolders.map((path) => ({
    name: `runtime${path.replace("/.", "-")}`,
    path,
  }));
}

/** The name of a volume in a pod; `validate.ts` holds the grant's name against what it may be. */
export function volumeName(volume: string): string {
  return `volume-${volume}`;
}

function sourceOf({ configMap, secret, claim, empty }: VolumeSource): Omit<k8s.core.v1.Volume, "name"> {
  if (configMap !== undefined) return { configMap: { name: configMap } };
  if (secret !== undefined) return { secret: { secretName: secret } };
  if (claim !== undefined) return { persistentVolumeClaim: { claimName: claim } };
  return { emptyDir: empty?.sizeLimit === undefined ? {} : { sizeLimit: empty.sizeLimit } };
}
