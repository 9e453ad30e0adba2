/** Other Apps and Services, by the names that grants call them: `calls: ["auth", "payments.billing:8443"]`. */
import { type CalleeName, calleeName } from "../../capabilities/callee.ts";

/** What a name does not tell of the pods behind it. Absent: those of an App. */
export interface BoundCallee {
  /** Port where the pods listen: policies apply behind the Service. */
  podPort?: number;
  podLabels?: Readonly<Record<string, string>>;
}

/** A Service, and the pods behind it. `podLabels` absent: those of an App of that name. */
export interface Callee extends CalleeName {
  podPort: number;
  podLabels?: Readonly<Record<string, string>>;
}

/** Where an App is called; the port where its pods listen is that of all shims. */
export const servicePort = 80;
export const listenPort = 8080;

/** An App by default, whose pods listen where Apps do. */
export function calleeOf(label: string, bound: Readonly<Record<string, BoundCallee>> = {}): Callee {
  const name = calleeName(label);
  const { podLabels, podPort } = bound[label] ?? {};
  return {
    ...name,
    podPort: podPort ?? (podLabels === undefined ? listenPort : name.port),
    ...(podLabels !== undefined && { podLabels }),
  };
}
