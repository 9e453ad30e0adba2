/**
 * Names of what is in a registry: `host[:port]/name[:tag][@sha256:…]`, by the grammar of the OCI distribution
 * specification 1.1 (https://github.com/opencontainers/distribution-spec). A host must be given: "nginx" means another
 * place to each tool.
 */
import { type Digest, digestSchema } from "../artifacts/digest.ts";
import { UserError } from "../errors.ts";

export interface RepositoryName {
  /** `host[:port]`, lower case, as it was written otherwise. */
  registry: string;
  /** Path in the registry, such as `acme/auth`. */
  repository: string;
}

export interface Reference extends RepositoryName {
  tag?: string;
  digest?: Digest;
}

/** More than this no registry takes, with its host (OCI distribution specification, "Pulling manifests"). */
const longestName = 255;
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
/** One part of a repository's path. */
const partPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const hostPattern =
  /^(?:\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*)(?::(\d{1,5}))?$/;
const example = "registry.example/acme/auth";

/** @throws UserError that says what is wrong, and shows an example */
export function parseReference(text: string): Reference {
  // Not quoted: it holds a password.
  if (/^[^/]*:[^/]*@[^/]*\//.test(text)) throw withCredentials();
  const [name, digestText, ...rest] = text.split("@");
  if (rest.length > 0) throw wrong(text, 'it has more than one "@"');
  const slash = name!.lastIndexOf("/");
  const colon = name!.indexOf(":", slash + 1);
  // Without a slash, what follows a colon can only be the port of a host: parseName says what is missing.
  const tagged = slash >= 0 && colon >= 0;
  const parsed: Reference = parseName(tagged ? name!.slice(0, colon) : name!, text);
  if (tagged) parsed.tag = parseTag(name!.slice(colon + 1), text);
  if (digestText !== undefined) parsed.digest = parseDigest(digestText, text);
  return parsed;
}

/** A name to push to, without tag and digest. @throws UserError as `parseReference` */
export function parseRepository(text: string): RepositoryName {
  const { tag, digest, ...name } = parseReference(text);
  if (tag !== undefined) throw wrong(text, `":${tag}" is a tag; leave it out here`);
  if (digest !== undefined) throw wrong(text, `"@${digest}" is a digest; leave it out here`);
  return name;
}

export function formatReference(reference: Reference): string {
  const { registry, repository, tag, digest } = reference;
  return `${registry}/${repository}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

function parseName(name: string, text: string): RepositoryName {
  if (text.includes("://"))
    throw wrong(text, "leave out the scheme; plain HTTP is asked for with insecure: true");
  const [host = "", ...parts] = name.split("/");
  const registry = host.toLowerCase();
  const matched = hostPattern.exec(registry);
  const named = /[.:]/.test(registry) || registry === "localhost";
  if (!named || (!matched && parts.length === 0)) {
    throw wrong(text, "it does not begin with the host of a registry (docker.io/… for Docker Hub)");
  }
  if (!matched) throw wrong(text, `${JSON.stringify(printable(host))} is not a host with an optional port`);
  if (matched[1] !== undefined && (Number(matched[1]) < 1 || Number(matched[1]) > 65535)) {
    throw wrong(text, `${matched[1]} is not a port`);
  }
  if (parts.length === 0) throw wrong(text, "the name of a repository is missing after the host");
  for (const part of parts) {
    if (!partPattern.test(part)) throw wrong(text, badPart(part));
  }
  // Docker Hub keeps what is named without an owner in "library".
  if (registry === "docker.io" && parts.length === 1) parts.unshift("library");
  const repository = parts.join("/");
  if (`${registry}/${repository}`.length > longestName) {
    throw wrong(text, `its name is longer than ${longestName} characters`);
  }
  return { registry, repository };
}

function badPart(part: string): string {
  if (part === "") return "a part of its path is empty (two slashes, or one at the end)";
  const shown = JSON.stringify(printable(part));
  if (/[A-Z]/.test(part)) return `${shown} has upper-case letters: repositories are named in lower case`;
  return `${shown} may only have lower-case letters and digits, with single ".", "_", "__" or "-" between them`;
}

function parseTag(tag: string, text: string): string {
  if (tagPattern.test(tag)) return tag;
  if (tag === "") throw wrong(text, 'the tag after ":" is empty');
  const shown = JSON.stringify(printable(tag));
  throw wrong(text, `the tag ${shown} may only have letters, digits, "_", "." and "-", and 128 at most`);
}

function parseDigest(digest: string, text: string): Digest {
  const parsed = digestSchema.safeParse(digest);
  if (parsed.success) return parsed.data;
  throw wrong(text, 'what follows "@" must be sha256: and 64 lower-case hexadecimal digits');
}

/** Short enough for a message, and without what steers a terminal. */
function printable(text: string): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "?");
  return clean.length > 80 ? `${clean.slice(0, 80)}…` : clean;
}

function withCredentials(): UserError {
  return new UserError(
    `A reference has no user name and password before its host. Log in with a container tool, or give them as registries in the provider's configuration; write ${example}:1.2.`,
  );
}

function wrong(text: string, why: string): UserError {
  return new UserError(
    `${JSON.stringify(printable(text))} is not a reference: ${why}. Write it as ${example}@sha256:… or ${example}:1.2.`,
  );
}
