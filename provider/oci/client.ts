import type { RegistriesSetting } from "../settings.ts";
import type { RepositoryName } from "./reference.ts";
import { Repository } from "./repository.ts";

export type { Call } from "./call.ts";

export interface ClientOptions {
  registries?: RegistriesSetting;
  /** Seconds without a byte after which a registry counts as not reachable. Default 30. */
  timeoutSeconds?: number;
  /** Where proxies and the container tools' files are looked up. Default: of this process. */
  environment?: NodeJS.ProcessEnv;
}

/** Connections and tokens of one provider configuration. */
export class RegistryClient {
  constructor(options: ClientOptions = {}) {
    void options;
  }

  /** `insecure`: plain HTTP, as the configuration's `registries` may say as well. No request is made yet. */
  repository(name: RepositoryName, options: { insecure?: boolean } = {}): Repository {
    void options;
    return new Repository(name);
  }

  /** Ends all connections. */
  async close(): Promise<void> {}
}
