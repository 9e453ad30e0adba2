/** Containers of other images in the pod of an App. Shims run them as what they are: Linux containers. */
import type * as k8s from "@pulumi/kubernetes/types/input.js";
import type { Sidecar } from "../app.ts";
import { containerSecurity } from "./security.ts";

export function sidecarContainers(sidecars: readonly Sidecar[]): k8s.core.v1.Container[] {
  return sidecars.map((sidecar, index): k8s.core.v1.Container => {
    const { name, image, command, arguments: args, environment, environmentFrom, ports, resources } = sidecar;
    const volumeMounts = folders(sidecar, index);
    return {
      name,
      image,
      ...(command !== undefined && { command: [...command] }),
      ...(args !== undefined && { args: [...args] }),
      ...(environment !== undefined && {
        env: Object.entries(environment).map(([key, value]) => ({ name: key, value })),
      }),
      ...(environmentFrom !== undefined && {
        envFrom: environmentFrom.map((secret) => ({ secretRef: { name: secret } })),
      }),
      ...(ports !== undefined && {
        ports: ports.map((containerPort) => ({ containerPort, protocol: "TCP" })),
      }),
      ...(resources !== undefined && { resources }),
      ...(volumeMounts.length > 0 && { volumeMounts }),
      securityContext: containerSecurity,
    };
  });
}

export function sidecarVolumes(sidecars: readonly Sidecar[]): k8s.core.v1.Volume[] {
  return sidecars.flatMap((sidecar, index) =>
    folders(sidecar, index).map(({ name }) => ({ name, emptyDir: {} })),
  );
}

function folders({ writableFolders = [] }: Sidecar, index: number) {
  return writableFolders.map((mountPath, folder) => ({ name: `sidecar-${index}-${folder}`, mountPath }));
}
