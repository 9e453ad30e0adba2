/** A small client of a Kubernetes API server, for what tests look up and change by hand. */
import { readFileSync } from "node:fs";
import { Agent, type Dispatcher, request } from "undici";
import * as z from "zod";
import { authorityPath } from "../certificates.ts";

/** An object as Kubernetes has it. */
export const objectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    uid: z.string().optional(),
    generation: z.number().optional(),
    resourceVersion: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
});
export type KubernetesObject = z.output<typeof objectSchema>;

/** What names an object; `namespace` only for kinds that have one. */
export interface Reference {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string | undefined };
}

export interface ApiClientOptions {
  /** `https://127.0.0.1:port`. */
  server: string;
  token: string;
  /** Whom to act as. */
  user?: string;
}

/** Why an object was refused, or what the server warned of. */
export interface Finding {
  /** `Deployment shop`. */
  object: string;
  message: string;
}

/** An answer that is not a success. */
class ApiError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
  }
}

interface Answer {
  body: unknown;
  warnings: string[];
}

const limitMs = 30_000;
const fieldManager = "test";
const kindsSchema = z.object({
  resources: z.array(z.object({ name: z.string(), kind: z.string(), namespaced: z.boolean() })),
});
type Kind = z.output<typeof kindsSchema>["resources"][number];

export class ApiClient {
  readonly #server: string;
  readonly #headers: Record<string, string>;
  readonly #agent: Agent;
  readonly #kinds = new Map<string, Kind>();

  constructor({ server, token, user }: ApiClientOptions) {
    this.#server = server;
    this.#headers = {
      authorization: `Bearer ${token}`,
      ...(user !== undefined && { "impersonate-user": user }),
    };
    // Connections end soon after their last use, so that nobody has to close a client.
    this.#agent = new Agent({ connect: { ca: readFileSync(authorityPath) }, keepAliveTimeout: 1000 });
  }

  /** Whether the server is there and has finished its own preparations. */
  async isReady(): Promise<boolean> {
    return this.#send("GET", "/readyz").then(
      () => true,
      () => false,
    );
  }

  /** @throws ApiError */
  async create(object: Reference & Record<string, unknown>): Promise<KubernetesObject> {
    const collection = await this.#collection(object);
    return objectSchema.parse((await this.#send("POST", collection, { body: object })).body);
  }

  /** The object; nothing where there is none. */
  async read(reference: Reference): Promise<KubernetesObject | undefined> {
    try {
      return objectSchema.parse((await this.#send("GET", await this.#path(reference))).body);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** All objects of a kind in a namespace, by name. */
  async list(apiVersion: string, kind: string, namespace: string): Promise<KubernetesObject[]> {
    const path = await this.#collection({ apiVersion, kind, metadata: { namespace } });
    const { items } = z
      .object({ items: z.array(z.record(z.string(), z.unknown())) })
      .parse((await this.#send("GET", path)).body);
    // Items of a list say neither.
    return items.map((item) => objectSchema.parse({ apiVersion, kind, ...item }));
  }

  /** Changes an object by a JSON merge patch, as somebody does by hand. */
  async patch(reference: Reference, change: Record<string, unknown>): Promise<KubernetesObject> {
    const options = { body: change, type: "application/merge-patch+json" };
    return objectSchema.parse((await this.#send("PATCH", await this.#path(reference), options)).body);
  }

  async remove(reference: Reference): Promise<void> {
    await this.#send("DELETE", await this.#path(reference));
  }

  /**
   * Holds objects against the server's schemas, validation and admission without keeping them. Unknown and duplicate
   * fields count. Whether an object exists makes no difference; its namespace has to.
   */
  async dryRun(objects: readonly (Reference & Record<string, unknown>)[]): Promise<Finding[]> {
    const findings = await Promise.all(objects.map((object) => this.#dryRun(object)));
    return findings.flat();
  }

  async #dryRun(object: Reference & Record<string, unknown>): Promise<Finding[]> {
    const name = `${object.kind} ${object.metadata.name}`;
    const query = { dryRun: "All", fieldValidation: "Strict", force: "true", fieldManager };
    const options = { body: object, query, type: "application/apply-patch+yaml" };
    try {
      const { warnings } = await this.#send("PATCH", await this.#path(object), options);
      return warnings.map((message) => ({ object: name, message }));
    } catch (error) {
      if (error instanceof ApiError) return [{ object: name, message: error.message }];
      throw error;
    }
  }

  /** Asks for a path as it stands, with its query; a body is not sent. @throws ApiError */
  async ask(method: Dispatcher.HttpMethod, path: string): Promise<void> {
    await this.#send(method, path);
  }

  async #path(reference: Reference): Promise<string> {
    return `${await this.#collection(reference)}/${reference.metadata.name}`;
  }

  async #collection({
    apiVersion,
    kind,
    metadata,
  }: Pick<Reference, "apiVersion" | "kind"> & { metadata: { namespace?: string | undefined } }) {
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const { name, namespaced } = await this.#kind(root, kind);
    return namespaced ? `${root}/namespaces/${metadata.namespace ?? "default"}/${name}` : `${root}/${name}`;
  }

  async #kind(root: string, kind: string): Promise<Kind> {
    const key = `${root}/${kind}`;
    const known = this.#kinds.get(key);
    if (known) return known;
    const { resources } = kindsSchema.parse((await this.#send("GET", root)).body);
    // Those with a slash are parts of others, such as `deployments/scale`.
    const found = resources.find((resource) => resource.kind === kind && !resource.name.includes("/"));
    if (!found) throw new ApiError(404, `The server has no ${kind} at ${root}.`);
    this.#kinds.set(key, found);
    return found;
  }

  async #send(
    method: Dispatcher.HttpMethod,
    path: string,
    {
      body,
      query,
      type = "application/json",
    }: { body?: unknown; query?: Record<string, string>; type?: string } = {},
  ): Promise<Answer> {
    const response = await request(`${this.#server}${path}`, {
      method,
      dispatcher: this.#agent,
      headers: { ...this.#headers, accept: "application/json", "content-type": type },
      signal: AbortSignal.timeout(limitMs),
      ...(query && { query }),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.body.text();
    if (response.statusCode >= 300) throw new ApiError(response.statusCode, messageOf(text));
    return { body: bodyOf(text), warnings: [response.headers.warning ?? []].flat().map(warningText) };
  }
}

/** `/readyz` answers in plain text. */
function bodyOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The server explains itself in an object of kind Status. */
function messageOf(text: string): string {
  const status = z.object({ message: z.string() }).safeParse(bodyOf(text));
  return status.success ? status.data.message : text;
}

/** `299 - "text"` → `text`. */
function warningText(warning: string): string {
  return /^\d+ \S+ "(.*)"$/.exec(warning)?.[1] ?? warning;
}
