import type * as k8s from "@pulumi/kubernetes/types/input.js";

/** Nobody in particular. An image of one Wasm layer names no user, and Kubernetes would take that for root. */
export const wasmUser = 65532;

/** Of all containers: what the Pod Security Standard "restricted" asks for, and no writing to the root. */
export const containerSecurity = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
} satisfies k8s.core.v1.SecurityContext;
