/** Host names and addresses in the forms that grants have; see `rules.ts` for what each form means. */
import { isIP, isIPv4, isIPv6 } from "node:net";
import { domainToASCII } from "node:url";

/** A parser's verdict; a problem says what is wrong and what to write instead. */
export type Parsed<T> = { ok: true; value: T } | { ok: false; problem: string };

export const valid = <T>(value: T): Parsed<T> => ({ ok: true, value });
export const problem = (text: string): { ok: false; problem: string } => ({ ok: false, problem: text });

/**
 * A host as URLs have it: a name, an IPv4 address, or an IPv6 address in brackets; `*.suffix` where `wildcard` says so.
 * Upper case, a final dot and international names are brought to one form. What could be read as another host is refused.
 */
export function parseHost(text: string, { wildcard }: { wildcard: boolean }): Parsed<string> {
  if (text === "") return problem("names no host; write for example api.example.com");
  if (text.startsWith("[")) return parseBracketed(text);
  if (text.includes("*")) return wildcard ? parseWildcard(text) : problem("takes no wildcard; name the host");
  return parseName(text);
}

function parseBracketed(text: string): Parsed<string> {
  const address = text.endsWith("]") ? text.slice(1, -1) : "";
  if (!isIPv6(address)) return problem("has no IPv6 address between the brackets; write for example [::1]");
  const parsed = parseAddress(address);
  return parsed.ok ? valid(`[${parsed.value}]`) : parsed;
}

/** @param address one that `isIP` knows; of two spellings that reach the same place, one is refused */
function parseAddress(address: string): Parsed<string> {
  if (address.includes("%"))
    return problem("has a zone, which means something on one machine only; leave %… out");
  const canonical = isIPv4(address) ? address : canonicalIPv6(address);
  const mapped = mappedIPv4(canonical);
  if (canonical === "::" || (mapped ?? canonical) === "0.0.0.0")
    return problem("names no destination; write 127.0.0.1 if this machine is meant");
  return mapped ? problem(unusual("address", mapped)) : valid(canonical);
}

function unusual(what: "address" | "network", usual: string): string {
  return `is an unusual form of the ${what} ${usual}; write ${usual}`;
}

/** The address within `::ffff:0:0/96` (RFC 4291, 2.5.5.2): hosts send what goes there by IPv4. */
function mappedIPv4(canonical: string): string | undefined {
  if (!isIPv6(canonical)) return undefined;
  const bits = ipv6Bits(canonical);
  return bits >> 32n === 0xffffn ? formatIPv4(bits & 0xffffffffn) : undefined;
}

function parseWildcard(text: string): Parsed<string> {
  if (text === "*")
    return problem("would name every host; name the hosts, or a domain such as *.example.com");
  const suffix = text.slice(2);
  if (!text.startsWith("*.") || suffix.includes("*")) {
    return problem("has a wildcard elsewhere than once, at the start; write *.example.com");
  }
  if (isAddress(suffix)) return problem("puts a wildcard before an address; name the address itself");
  const parsed = parseName(suffix);
  if (!parsed.ok) return parsed;
  if (!parsed.value.includes(".")) {
    return problem(
      `would name every host under .${parsed.value}; add a label, such as *.example.${parsed.value}`,
    );
  }
  return valid(`*.${parsed.value}`);
}

/** Whether a text is an address in any form, also in those that no grant takes. */
export function isAddress(text: string): boolean {
  return isIP(text.replace(/^\[(.*)\]$/, "$1")) !== 0 || isIPv4(toASCII(text));
}

/** The WHATWG host parser: it lower-cases, applies IDNA, and reads numbers as IPv4 addresses. Empty for what is no host. */
function toASCII(text: string): string {
  return /[\s%/\\?#@:]/.test(text) ? "" : domainToASCII(text).replace(/\.$/, "");
}

function parseName(text: string): Parsed<string> {
  if (isIPv6(text)) return problem(`is an IPv6 address without brackets; write [${text}]`);
  if (isIPv4(text)) return parseAddress(text);
  const ascii = toASCII(text);
  if (ascii === "") return problem("is no host name; write for example api.example.com");
  if (isIPv4(ascii)) {
    const parsed = parseAddress(ascii);
    return parsed.ok ? problem(unusual("address", ascii)) : parsed;
  }
  const labels = ascii.split(".");
  const bad = labels.find((label) => !/^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/.test(label) || label.length > 63);
  if (bad !== undefined || ascii.length > 253) {
    return problem(
      "is no host name: each label has 1 to 63 letters, digits and hyphens; write for example api.example.com",
    );
  }
  return valid(ascii);
}

/** One spelling for each IPv6 address (RFC 5952, but for addresses that hold an IPv4 address). */
function canonicalIPv6(address: string): string {
  return new URL(`http://[${address}]/`).hostname.slice(1, -1);
}

/** An address or CIDR block as socket rules have it, IPv6 without brackets. Undefined when the text is neither. */
export function parseNetwork(text: string): Parsed<string> | undefined {
  const [address = "", prefix, ...rest] = text.replace(/^\[(.*)\]$/, "$1").split("/");
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return undefined;
  if (prefix === undefined) return parseAddress(address);
  const canonical = family === 6 ? canonicalIPv6(address) : address;
  const bits = family === 4 ? 32 : 128;
  if (!/^(0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > bits) {
    const example = family === 4 ? "10.0.0.0/8" : "fd00::/8";
    return problem(`has no prefix length from 1 to ${bits} after the slash; write for example ${example}`);
  }
  // A network of one is its address: there is one form for each.
  if (Number(prefix) === bits) return parseAddress(address);
  if (prefix === "0") return problem("would name every address; name the networks that are meant");
  const network = networkOf(family === 4 ? ipv4Bits(address) : ipv6Bits(canonical), bits, Number(prefix));
  const written = family === 4 ? formatIPv4(network) : canonicalIPv6(formatIPv6(network));
  if (written !== canonical)
    return problem(`is an address within ${written}/${prefix}; write ${written}/${prefix}`);
  const mapped = mappedIPv4(canonical);
  if (mapped && Number(prefix) > 96) return problem(unusual("network", `${mapped}/${Number(prefix) - 96}`));
  return valid(`${canonical}/${prefix}`);
}

export function parsePort(text: string): number | undefined {
  const port = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65535 ? port : undefined;
}

/** A network, or an address as a network of one. */
export interface Network {
  family: 4 | 6;
  address: bigint;
  prefix: number;
}

/** Of a text as `parseNetwork` writes it; undefined for a name. */
export function networkIn(text: string): Network | undefined {
  const [address = "", prefix] = text.split("/");
  const family = isIP(address);
  if (family !== 4 && family !== 6) return undefined;
  const bits = family === 4 ? ipv4Bits(address) : ipv6Bits(address);
  return { family, address: bits, prefix: Number(prefix ?? (family === 4 ? 32 : 128)) };
}

/** Whether every address of `inner` is one of `outer`. */
export function networkCovers(outer: Network, inner: Network): boolean {
  if (outer.family !== inner.family || outer.prefix > inner.prefix) return false;
  const shift = BigInt((outer.family === 4 ? 32 : 128) - outer.prefix);
  return outer.address >> shift === inner.address >> shift;
}

/** Whether every host that the pattern `inner` names is one that `outer` names. */
export function hostCovers(outer: string, inner: string): boolean {
  if (outer === inner) return true;
  // The suffix begins with its dot: *.example.com names a.example.com and *.a.example.com, not example.com.
  return (
    outer.startsWith("*.") && isIP(inner) === 0 && !inner.startsWith("[") && inner.endsWith(outer.slice(1))
  );
}

function networkOf(address: bigint, bits: number, prefix: number): bigint {
  const shift = BigInt(bits - prefix);
  return (address >> shift) << shift;
}

function ipv4Bits(address: string): bigint {
  return address.split(".").reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
}

function formatIPv4(address: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((address >> shift) & 0xffn)).join(".");
}

/** `address` is canonical: without an embedded IPv4 address. */
function ipv6Bits(address: string): bigint {
  const [head = "", tail] = address.split("::");
  const groups = (text: string | undefined) => (text ? text.split(":") : []);
  const [left, right] = [groups(head), groups(tail)];
  const all = [...left, ...Array<string>(8 - left.length - right.length).fill("0"), ...right];
  return all.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

function formatIPv6(address: bigint): string {
  return Array.from({ length: 8 }, (_, i) => ((address >> BigInt(112 - 16 * i)) & 0xffffn).toString(16)).join(
    ":",
  );
}
