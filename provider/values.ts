/**
 * Property values as the engine sends them, and back: unknowns, secrets, outputs, assets, archives and resource
 * references, nested at any depth. The encoding is that of the Pulumi protocol ("Property values"): a plain
 * `google.protobuf.Struct` in which special values are objects that carry a signature.
 */
import { isUnknown, type Unknown, unknown } from "./schema/fields.ts";

const signatureKey = "4dabf18193072939515e22adb298388d";
const signatures = {
  secret: "1b47061264138c4ac30d75fd1eb44270",
  asset: "c44067f5952c0a294b673a41bacd8c17",
  archive: "0def7320c3a5731c473e5ecbe6d01bc7",
  resource: "5cf8f73096256a8f31e491e813e4eb8e",
  output: "d0e6a833031e9bbcd3f4e8bde6ca49a4",
} as const;

const unknownSentinel = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** One sentinel per type that the unknown value will have; they mean the same to a provider. */
const unknownSentinels = new Set([
  unknownSentinel,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

export class Secret {
  readonly value: Value;
  constructor(value: Value) {
    this.value = value;
  }
}

/** A value with what the engine knows about it; `value` is `unknown` where it is not known yet. */
export class OutputValue {
  readonly value: Value;
  readonly secret: boolean;
  readonly dependencies: readonly string[];
  constructor(value: Value, secret: boolean, dependencies: readonly string[]) {
    this.value = value;
    this.secret = secret;
    this.dependencies = dependencies;
  }
}

/** Exactly one of `path`, `text` and `uri` is set. */
export class Asset {
  readonly source: { path: string } | { text: string } | { uri: string };
  /** SHA-256 in hexadecimal, as the engine computed it; absent when nobody did. */
  readonly hash: string | undefined;
  constructor(source: Asset["source"], hash?: string) {
    this.source = source;
    this.hash = hash;
  }
}

/** Kept as it came: no resource of this package reads archives. */
export class Archive {
  readonly wire: Readonly<Record<string, Wire>>;
  constructor(wire: Readonly<Record<string, Wire>>) {
    this.wire = wire;
  }
}

export class ResourceReference {
  readonly urn: string;
  /** `unknown` in preview, before the resource exists; absent for components. */
  readonly id: string | Unknown | undefined;
  readonly packageVersion: string | undefined;
  constructor(urn: string, id?: string | Unknown, packageVersion?: string) {
    this.urn = urn;
    this.id = id;
    this.packageVersion = packageVersion;
  }
}

export type Value =
  | null
  | boolean
  | number
  | string
  | Unknown
  | Secret
  | OutputValue
  | Asset
  | Archive
  | ResourceReference
  | readonly Value[]
  | { readonly [key: string]: Value };
export type Properties = { readonly [key: string]: Value };

/** What `Struct.toJavaScript()` gives and `Struct.fromJavaScript()` takes. */
export type Wire = null | boolean | number | string | Wire[] | { [key: string]: Wire };
export type WireProperties = { [key: string]: Wire };

export function isRecord(value: Value): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value) && isPlain(value);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function decode(wire: Wire): Value {
  if (typeof wire === "string") return unknownSentinels.has(wire) ? unknown : wire;
  if (wire === null || typeof wire !== "object") return wire;
  if (Array.isArray(wire)) return wire.map(decode);
  const signature = wire[signatureKey];
  return typeof signature === "string" ? decodeSpecial(signature, wire) : decodeProperties(wire);
}

export function decodeProperties(wire: WireProperties): Properties {
  return Object.fromEntries(Object.entries(wire).map(([key, value]) => [key, decode(value)]));
}

function decodeSpecial(signature: string, wire: WireProperties): Value {
  switch (signature) {
    case signatures.secret:
      return new Secret(decode(wire.value ?? null));
    case signatures.output:
      return new OutputValue(
        wire.value === undefined ? unknown : decode(wire.value),
        wire.secret === true,
        Array.isArray(wire.dependencies) ? wire.dependencies.filter((urn) => typeof urn === "string") : [],
      );
    case signatures.asset:
      return decodeAsset(wire);
    case signatures.archive:
      return new Archive(wire);
    case signatures.resource:
      return decodeReference(wire);
    default:
      throw new TypeError(
        `The engine sent a value with the signature ${signature}, which this plugin does not know.`,
      );
  }
}

function decodeAsset(wire: WireProperties): Asset {
  const { hash, path, text, uri } = wire;
  const known = typeof hash === "string" && hash !== "" ? hash : undefined;
  if (typeof path === "string" && path !== "") return new Asset({ path }, known);
  if (typeof uri === "string" && uri !== "") return new Asset({ uri }, known);
  return new Asset({ text: typeof text === "string" ? text : "" }, known);
}

function decodeReference(wire: WireProperties): ResourceReference {
  const { urn, id, packageVersion } = wire;
  if (typeof urn !== "string") throw new TypeError("The engine sent a resource reference without a URN.");
  const decoded = typeof id === "string" ? decode(id) : undefined;
  return new ResourceReference(
    urn,
    isUnknown(decoded) || typeof decoded === "string" ? decoded : undefined,
    typeof packageVersion === "string" ? packageVersion : undefined,
  );
}

function encode(value: Value): Wire {
  if (isUnknown(value)) return unknownSentinel;
  if (value === null || typeof value !== "object") return value;
  if (value instanceof Secret) return { [signatureKey]: signatures.secret, value: encode(value.value) };
  if (value instanceof OutputValue) return encodeOutput(value);
  if (value instanceof Asset) {
    return { [signatureKey]: signatures.asset, ...value.source, ...(value.hash && { hash: value.hash }) };
  }
  if (value instanceof Archive) return { ...value.wire };
  if (value instanceof ResourceReference) return encodeReference(value);
  if (Array.isArray(value)) return value.map(encode);
  return encodeProperties(value as Properties);
}

export function encodeProperties(properties: Properties): WireProperties {
  return Object.fromEntries(
    Object.entries(properties)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, encode(value)]),
  );
}

function encodeOutput(output: OutputValue): Wire {
  return {
    [signatureKey]: signatures.output,
    ...(isUnknown(output.value) ? {} : { value: encode(output.value) }),
    ...(output.secret && { secret: true }),
    ...(output.dependencies.length > 0 && { dependencies: [...output.dependencies] }),
  };
}

function encodeReference(reference: ResourceReference): Wire {
  return {
    [signatureKey]: signatures.resource,
    urn: reference.urn,
    ...(reference.id !== undefined && { id: encode(reference.id) }),
    ...(reference.packageVersion !== undefined && { packageVersion: reference.packageVersion }),
  };
}

/** A value without its wrappers: what a zod schema reads. */
export type Plain =
  | null
  | boolean
  | number
  | string
  | Unknown
  | Asset
  | Archive
  | ResourceReference
  | Plain[]
  | { [key: string]: Plain };

/** Removes secrets and outputs, and leaves their contents; `null` properties count as left out, as in every SDK. */
export function reveal(value: Value): Plain {
  if (value instanceof Secret || value instanceof OutputValue) return reveal(value.value);
  if (Array.isArray(value)) return value.map(reveal);
  if (isRecord(value)) return revealProperties(value);
  return value as Plain;
}

export function revealProperties(properties: Properties): { [key: string]: Plain } {
  return Object.fromEntries(
    Object.entries(properties)
      .map(([key, value]) => [key, reveal(value)] as const)
      .filter(([, value]) => value !== null && value !== undefined),
  );
}

export function containsUnknown(value: Value): boolean {
  return some(value, isUnknown);
}

export function containsSecret(value: Value): boolean {
  return some(value, (part) => part instanceof Secret || (part instanceof OutputValue && part.secret));
}

function some(value: Value, test: (part: Value) => boolean): boolean {
  if (test(value)) return true;
  if (value instanceof Secret || value instanceof OutputValue) return some(value.value, test);
  if (Array.isArray(value)) return value.some((item) => some(item, test));
  return isRecord(value) && Object.values(value).some((item) => some(item, test));
}

/** Whether a secret holds the value at a path, or is on the way to it. */
export function isSecretAt(value: Value | undefined, path: readonly PropertyKey[]): boolean {
  if (value instanceof Secret || (value instanceof OutputValue && value.secret)) return true;
  if (value instanceof OutputValue) return isSecretAt(value.value, path);
  const [key, ...rest] = path;
  if (key === undefined || typeof value !== "object" || value === null) return false;
  return isSecretAt((value as Record<PropertyKey, Value>)[key], rest);
}

/**
 * The path of a problem as the engine may have it. Beside the problem the engine prints the value that it finds at the
 * path, in plain where a secret is or holds it: then the path is marked, which the engine finds nothing at.
 */
export function pathWithoutValue(inputs: Properties, path: string): string {
  const keys = [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)].map(
    ([text, quoted, index, name]) =>
      quoted !== undefined ? (JSON.parse(text.slice(1, -1)) as string) : index ? Number(index) : name,
  );
  return holdsSecret(inputs, keys as PropertyKey[]) ? `${path} (secret)`.trimStart() : path;
}

function holdsSecret(value: Value | undefined, path: readonly PropertyKey[]): boolean {
  if (value === undefined || value === null) return false;
  if (value instanceof Secret) return true;
  if (value instanceof OutputValue) return value.secret || holdsSecret(value.value, path);
  const [key, ...rest] = path;
  if (key === undefined) return containsSecret(value);
  return typeof value === "object" && holdsSecret((value as Record<PropertyKey, Value>)[key], rest);
}

/** Every string inside a secret, so that messages can be freed of them. */
export function secretStrings(value: Value, inside = false): string[] {
  if (value instanceof Secret) return secretStrings(value.value, true);
  if (value instanceof OutputValue) return secretStrings(value.value, inside || value.secret);
  if (Array.isArray(value)) return value.flatMap((item) => secretStrings(item, inside));
  if (isRecord(value)) return Object.values(value).flatMap((item) => secretStrings(item, inside));
  if (!inside) return [];
  if (value instanceof Asset) return Object.values(value.source);
  if (typeof value === "string") return [value, ...stringsInside(value)];
  return typeof value === "number" ? [String(value)] : [];
}

/** Of an opaque output, such as a grant's, messages name single entries. */
function stringsInside(text: string): string[] {
  if (!text.startsWith("{")) return [];
  try {
    return secretStrings(JSON.parse(text) as Value, true);
  } catch {
    return [];
  }
}

/** Replaces each secret in a text. Longer ones go first, so that a secret inside another leaves no remainder. */
export function redact(text: string, secrets: readonly string[]): string {
  return [...secrets]
    .filter((secret) => secret.length > 0)
    .sort((a, b) => b.length - a.length)
    .reduce((result, secret) => result.replaceAll(secret, "[secret]"), text);
}
