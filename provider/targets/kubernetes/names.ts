/** Names and labels of the objects of an App. */

/** RFC 1123: what namespaces and containers are called. */
export const labelPattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** RFC 1123: what most other objects are called. */
export const subdomainPattern = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

/** The longest name of an App by what it runs as: a Job's gets 9 characters behind it, and its pods are labelled with the whole. */
export const longestName = { service: 63, job: 63 - 9, schedule: 52 } as const;

/** What is wrong with the name of an App, as the words after it, or nothing. */
export function nameProblem(name: string, run: keyof typeof longestName): string | undefined {
  const longest = longestName[run];
  const kind = { service: "Service", job: "Job", schedule: "CronJob" }[run];
  if (name.length > longest) {
    return `has ${name.length} characters, and it becomes the name of a ${kind}, which takes ${longest} here: shorten it`;
  }
  if (run === "service" ? /^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(name) : labelPattern.test(name))
    return undefined;
  const first = run === "service" ? "with a letter first" : "with a letter or digit first";
  return `becomes the name of a ${kind}, which takes lower-case letters, digits and hyphens, ${first} and no hyphen last: rename the App, for example ${suggestion(name)}`;
}

/** The same name in a form that is taken. */
function suggestion(name: string): string {
  const plain = name
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, "-")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^[^a-z]+|-+$/g, "");
  return plain === "" ? "shop" : plain;
}

const managedBy = "pulumi-wasm";

/** What selects the pods of an App; never changed, for selectors cannot be. */
export function selectorLabels<Name>(app: Name) {
  return { "app.kubernetes.io/name": app, "app.kubernetes.io/managed-by": managedBy };
}
