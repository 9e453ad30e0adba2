import type { RegistriesSetting } from "../settings.ts";
import { Connection } from "./connection.ts";
import { CredentialStore, settingOf } from "./credentials.ts";
import type { RepositoryName } from "./reference.ts";
import { Repository } from "./repository.ts";
import { type Clock, systemClock } from "./retry.ts";

export interface ClientOptions {
  registries?: RegistriesSetting;
  /** Seconds without a byte after which a registry counts as not reachable. Default 30. */
  timeoutSeconds?: number;
  /** Where proxies and the container tools' files are looked up. Default: of this process. */
  environment?: NodeJS.ProcessEnv;
  /** For tests. */
  clock?: Clock;
}

const defaultTimeoutSeconds = 30;

/** Connections and tokens of one provider configuration. */
export class RegistryClient {
  readonly #registries: RegistriesSetting;
  readonly #timeoutSeconds: number;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #clock: Clock;
  readonly #credentials: CredentialStore;
  readonly #connections = new Map<string, Connection>();
  readonly #tails = new Map<string, Promise<unknown>>();

  constructor(options: ClientOptions = {}) {
    this.#registries = options.registries ?? {};
    this.#timeoutSeconds = options.timeoutSeconds ?? defaultTimeoutSeconds;
    this.#environment = options.environment ?? process.env;
    this.#clock = options.clock ?? systemClock;
    this.#credentials = new CredentialStore(this.#registries, this.#environment);
  }

  /** `insecure`: plain HTTP, as the configuration's `registries` may say as well. No request is made yet. */
  repository(name: RepositoryName, options: { insecure?: boolean } = {}): Repository {
    const setting = settingOf(this.#registries, name.registry);
    const insecure = options.insecure ?? setting?.insecure ?? false;
    const key = `${insecure ? "http" : "https"}://${name.registry}`;
    let connection = this.#connections.get(key);
    if (!connection) {
      connection = new Connection(name.registry, {
        insecure,
        certificateAuthority: setting?.certificateAuthority,
        timeoutSeconds: this.#timeoutSeconds,
        environment: this.#environment,
        clock: this.#clock,
        store: this.#credentials,
      });
      this.#connections.set(key, connection);
    }
    return new Repository(name, connection, (work, task) => this.#exclusively(`${key} ${work}`, task));
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await Promise.all([...this.#connections.values()].map((connection) => connection.close()));
  }

  /** One after the other for one key, whatever became of the former. */
  async #exclusively<T>(key: string, task: () => Promise<T>): Promise<T> {
    const former = this.#tails.get(key);
    const running = former ? former.then(task, task) : task();
    this.#tails.set(key, running);
    try {
      return await running;
    } finally {
      if (this.#tails.get(key) === running) this.#tails.delete(key);
    }
  }
}
