/**
 * Who we are at a registry: the provider's configuration, then the container tools' own files and credential helpers.
 * A file or helper that fails is not an error by itself, for much can be read by anyone: it is told when credentials
 * turn out to be needed.
 */
import type { RegistriesSetting } from "../settings.ts";
import type { Call } from "./call.ts";
import { type ContainerFile, containerFiles, readContainerFile } from "./containerFiles.ts";
import { askHelper } from "./credentialHelper.ts";
import type { RepositoryName } from "./reference.ts";

export type Credentials =
  | { kind: "password"; username: string; password: string }
  /** A refresh token of the registry's token service. */
  | { kind: "identityToken"; token: string };

export interface Found {
  credentials?: Credentials;
  /** Where they come from, for messages. */
  source?: string;
  /** What went wrong where credentials may be: complete sentences, without secrets. */
  problems: readonly string[];
}

/** Docker Hub by all of its names, the first one being the one of references. */
const hubNames = ["docker.io", "index.docker.io", "registry-1.docker.io"];
/** How Docker's own file and helpers call it. */
const hubKey = "https://index.docker.io/v1/";

export class CredentialStore {
  readonly #registries: RegistriesSetting;
  readonly #environment: NodeJS.ProcessEnv;
  #files: Promise<ContainerFile[]> | undefined;

  constructor(registries: RegistriesSetting, environment: NodeJS.ProcessEnv) {
    this.#registries = registries;
    this.#environment = environment;
  }

  async find(name: RepositoryName, call: Call): Promise<Found> {
    const configured = settingOf(this.#registries, name.registry);
    const source = `registries["${name.registry}"] of the provider's configuration`;
    if (configured?.identityToken !== undefined) {
      return {
        credentials: { kind: "identityToken", token: configured.identityToken },
        source,
        problems: [],
      };
    }
    if (configured?.username !== undefined && configured.password !== undefined) {
      const { username, password } = configured;
      return { credentials: { kind: "password", username, password }, source, problems: [] };
    }
    return this.#findInFiles(name, call);
  }

  async #findInFiles(name: RepositoryName, call: Call): Promise<Found> {
    const problems: string[] = [];
    this.#files ??= Promise.all(containerFiles(this.#environment).map(readContainerFile));
    for (const file of await this.#files) {
      if (file.problem) problems.push(file.problem);
      const found = await this.#findInFile(file, name, problems, call);
      if (found) return { ...found, problems };
    }
    return { problems };
  }

  async #findInFile(
    file: ContainerFile,
    name: RepositoryName,
    problems: string[],
    call: Call,
  ): Promise<Pick<Found, "credentials" | "source"> | undefined> {
    const hosts = hubNames.includes(name.registry) ? [hubKey, ...hubNames] : [name.registry];
    const forHost = hosts.find((host) => file.helpers[host] !== undefined);
    const helper = forHost === undefined ? file.defaultHelper : file.helpers[forHost];
    if (helper !== undefined) {
      const answer = await askHelper(helper, forHost ?? hosts[0]!, this.#environment, call.signal);
      if (answer.problem) problems.push(`${answer.problem} (${file.path})`);
      if (answer.credentials) {
        return { credentials: answer.credentials, source: `docker-credential-${helper}` };
      }
    }
    const credentials = keys(hosts, name).flatMap((key) => file.credentials.get(key) ?? [])[0];
    return credentials && { credentials, source: file.path };
  }
}

/** A registry's part of the provider's configuration, by any of its names. */
export function settingOf(
  registries: RegistriesSetting,
  registry: string,
): RegistriesSetting[string] | undefined {
  const names = hubNames.includes(registry) ? hubNames : [registry];
  const key = Object.keys(registries).find((host) => names.includes(host.toLowerCase()));
  return key === undefined ? undefined : registries[key];
}

/** The host that serves what a reference calls `docker.io`; any other serves itself. */
export function servingHost(registry: string): string {
  return hubNames.includes(registry) ? "registry-1.docker.io" : registry;
}

/** As podman writes them, the most specific first: `host/a/b`, `host/a`, `host`. */
function keys(hosts: readonly string[], { repository }: RepositoryName): string[] {
  const parts = repository.split("/");
  const paths = parts.map((_, index) => `/${parts.slice(0, parts.length - index).join("/")}`);
  return [...paths, ""].flatMap((path) => hosts.map((host) => (host === hubKey ? host : host + path)));
}
