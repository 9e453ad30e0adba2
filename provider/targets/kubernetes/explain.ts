/** What a cluster's refusals mean for an App: the words of the API server and of the Kubernetes provider, and what to do. */

interface Explanation {
  pattern: RegExp;
  /** A whole sentence or two. @param found what the pattern's group found */
  advice(found: string): string;
}

const explanations: readonly Explanation[] = [
  {
    pattern: /namespaces "([^"]+)" not found/,
    advice: (name) =>
      `The namespace ${name} is not in this cluster. Create it first, or name another one in the EdgeTarget (kubernetes.namespace).`,
  },
  {
    pattern: /RuntimeClass "([^"]+)" not found/i,
    advice: (name) =>
      `The cluster has no RuntimeClass ${name}: \`kubectl get runtimeclass\` shows those that it has, for kubernetes.runtimeClassName of the EdgeTarget. With verify: true, preview tells.`,
  },
  {
    pattern: /exceeded quota: ([^,\s]+)/,
    advice: (name) =>
      `The namespace's quota ${name} does not allow that. An App's memory is its limits.memory, and what pods request else is kubernetes.resources of the EdgeTarget.`,
  },
  {
    pattern: /(ErrImagePull|ImagePullBackOff|InvalidImageName)/,
    advice: () =>
      "Nodes cannot pull the App's image. They pull from registry.pull of the EdgeTarget (registry.push where it is absent), with its kubernetes.imagePullSecrets.",
  },
  {
    pattern: /(field is immutable|may not be changed once set|updates to .* are forbidden)/,
    advice: () =>
      "The object in the cluster has another value in a field that cannot change; somebody else has made or changed it. Let it be made anew: `pulumi up --replace` with its URN.",
  },
  {
    pattern: /is forbidden: User "([^"]*)" cannot/,
    advice: (user) =>
      `The user ${user} has not the rights that a deployment takes: docs/targets/kubernetes.md has the Role.`,
  },
  {
    pattern: /(connection refused|no such host|i\/o timeout|TLS handshake timeout|cluster is unreachable)/i,
    advice: () =>
      "The cluster does not answer. It is the one of the Kubernetes provider that the App was given (`providers`), or the stack's own (`kubernetes:kubeconfig`, `kubernetes:context`).",
  },
];

/** What to do about what a cluster said; nothing where its words have to do. */
export function explain(errors: readonly string[]): string | undefined {
  for (const { pattern, advice } of explanations) {
    for (const error of errors) {
      const found = pattern.exec(error);
      if (found) return advice(found[1] ?? "");
    }
  }
  return undefined;
}
