/** Other Apps and Services, by the labels that grants call them: `calls: ["auth"]`. */

/** What stands behind a label. Absent: the App of that name in the same namespace. */
export interface Callee {
  /** Name of the Service; an App's is its own. */
  service: string;
  /** Absent: the App's own. */
  namespace?: string;
  /** Port of the Service. An App's is 80. */
  port: number;
  /** Port of its pods: policies apply behind the Service. */
  podPort: number;
  /** Labels of its pods. Absent: those of an App of that name. */
  podLabels?: Readonly<Record<string, string>>;
}

/** Where an App is called; the port where its pods listen is that of all shims. */
export const servicePort = 80;
export const listenPort = 8080;

/** The callee of a label, as far as it is bound; an App by default. */
export function calleeOf(label: string, bound: Readonly<Record<string, Partial<Callee>>> = {}): Callee {
  const { service = label, port = servicePort, podPort, ...rest } = bound[label] ?? {};
  return { ...rest, service, port, podPort: podPort ?? (rest.podLabels === undefined ? listenPort : port) };
}
