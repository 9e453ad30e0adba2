/** What tests do with a cluster that runs, whoever started it. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { stringify } from "yaml";
import { authorityPath } from "../certificates.ts";
import { ApiClient } from "./apiClient.ts";

/** How to reach a cluster as its administrator. Its certificate is the one of certificates.ts. */
export interface Access {
  /** `https://127.0.0.1:port`. */
  server: string;
  token: string;
}

/** What a Role allows, as RBAC has it. */
export interface PolicyRule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
  resourceNames?: string[];
}

/** Rules within a namespace; without one, in the whole cluster. */
export interface Permission {
  namespace?: string;
  rules: PolicyRule[];
}

export interface User {
  name: string;
  kubeconfig: string;
  api: ApiClient;
}

const rbac = "rbac.authorization.k8s.io";

export class Cluster {
  /** As administrator. */
  readonly api: ApiClient;
  /** The administrator's, as YAML. */
  readonly kubeconfig: string;
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
    this.api = new ApiClient(access);
    this.kubeconfig = kubeconfig(access);
  }

  /** Makes a namespace of a name that no other has. */
  async namespace(): Promise<string> {
    const name = unique("test");
    await this.api.create({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
    return name;
  }

  /**
   * Makes a user who may do this and nothing else. It has no credentials of its own: it is the administrator who acts
   * as that user, and RBAC asks for the user's permissions alone.
   */
  async user(permissions: readonly Permission[]): Promise<User> {
    const user = unique("user");
    for (const [index, permission] of permissions.entries()) await this.#permit(user, index, permission);
    const access = { ...this.#access, user };
    return { name: user, kubeconfig: kubeconfig(access), api: new ApiClient(access) };
  }

  async #permit(user: string, index: number, { namespace, rules }: Permission): Promise<void> {
    const prefix = namespace === undefined ? "Cluster" : "";
    const apiVersion = `${rbac}/v1`;
    const metadata = { name: `${user}-${index}`, ...(namespace !== undefined && { namespace }) };
    await this.api.create({ apiVersion, kind: `${prefix}Role`, metadata, rules });
    await this.api.create({
      apiVersion,
      kind: `${prefix}RoleBinding`,
      metadata,
      roleRef: { apiGroup: rbac, kind: `${prefix}Role`, name: metadata.name },
      subjects: [{ apiGroup: rbac, kind: "User", name: user }],
    });
  }
}

/** @param user whom the administrator acts as */
function kubeconfig({ server, token, user }: Access & { user?: string }): string {
  const authority = readFileSync(authorityPath).toString("base64");
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server, "certificate-authority-data": authority } }],
    users: [{ name: "test", user: { token, ...(user !== undefined && { as: user }) } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    "current-context": "test",
  });
}

function unique(prefix: string): string {
  return `${prefix}-${randomBytes(5).toString("hex")}`;
}
