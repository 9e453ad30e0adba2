/** What the grants allow on the network. Pure: both the worker and the guest host ask here, the latter decides. */
import { BlockList, isIP } from "node:net";
import type { Origin, SocketRule } from "../../../capabilities/rules.ts";
import type { IpAddress } from "./messages.ts";

const DEFAULT_PORT = { http: 80, https: 443 } as const;

/**
 * A host in the form that grants have: lower case, punycode, no trailing dot, IPv4 in dotted decimal whatever way it was
 * written, brackets around IPv6. Undefined when it is none.
 */
export function canonicalHost(host: string): string | undefined {
  if (/[/?#@\\%\s]/.test(host) || (host.includes(":") && !/^\[.*\]$/.test(host))) return undefined;
  return URL.parse(`http://${host}/`)?.hostname.replace(/\.$/, "") || undefined;
}

function hostMatches(pattern: string, host: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === host;
  // An address is no subdomain of anything.
  return (
    isIP(host) === 0 &&
    !host.startsWith("[") &&
    host.endsWith(pattern.slice(1)) &&
    host.length > pattern.length - 1
  );
}

/** The origin that a request goes to, when a grant names it. User information is refused, as are other schemes. */
export function grantedOrigin(granted: Origin[], scheme: string, authority: string): Origin | undefined {
  if (scheme !== "http" && scheme !== "https") return undefined;
  if (/[/?#@\\%\s]/.test(authority)) return undefined;
  const url = URL.parse(`${scheme}://${authority}/`);
  const host = url?.hostname.replace(/\.$/, "");
  if (!url || !host) return undefined;
  const port = url.port === "" ? DEFAULT_PORT[scheme] : Number(url.port);
  const match = granted.some((g) => g.scheme === scheme && g.port === port && hostMatches(g.host, host));
  return match ? { scheme, host, port } : undefined;
}

/**
 * The App that a request calls, when a grant names it, letter by letter. Apps are known here by their names alone: labels with a
 * namespace or a port open nothing.
 */
export function calledApp(granted: string[], scheme: string, authority: string): string | undefined {
  const name = authority.replace(/:80$/, "");
  return scheme === "http" && !/[.:]/.test(name) && granted.includes(name) ? name : undefined;
}

/** Whether a look-up of a canonical host name is granted. */
export function grantedName(granted: string[], host: string): boolean {
  return granted.some((pattern) => hostMatches(pattern, host));
}

/** Blocks of the IANA special-purpose registries that lead to this machine, its neighbours, or to many. */
const notPublic = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
] as const) {
  notPublic.addSubnet(network, prefix, "ipv4");
}
for (const [network, prefix] of [
  ["::", 96],
  ["64:ff9b:1::", 48],
  ["fc00::", 7],
  ["fe80::", 10],
  ["fec0::", 10],
  ["ff00::", 8],
] as const) {
  notPublic.addSubnet(network, prefix, "ipv6");
}

/** The IPv4 address inside an IPv4-mapped or NAT64 IPv6 address, else the address itself. */
export function unwrapped({ family, address }: IpAddress): IpAddress {
  if (family === 4) return { family, address };
  const groups = URL.parse(`http://[${address}]/`)?.hostname.slice(1, -1) ?? address;
  const mapped = /^(?:::ffff:|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(groups);
  if (!mapped) return { family, address: groups };
  const high = Number.parseInt(mapped[1] ?? "", 16);
  const low = Number.parseInt(mapped[2] ?? "", 16);
  return { family: 4, address: [high >> 8, high & 255, low >> 8, low & 255].join(".") };
}

function isPublic(address: IpAddress): boolean {
  const plain = unwrapped(address);
  return !notPublic.check(plain.address, plain.family === 4 ? "ipv4" : "ipv6");
}

/** Names that no public DNS zone can hold (RFC 6761, 6762, 8375; ICANN's `.internal`), and names of one label. */
function isPrivateName(host: string): boolean {
  return !host.includes(".") || /\.(localhost|test|local|internal|home\.arpa)$/.test(host);
}

/**
 * Which of a granted name's addresses may be reached. A name in public DNS is under the control of whoever owns its zone,
 * so it opens public addresses only: else its owner could lead the guest into this machine or network. A name that only
 * this machine or network can define may lead there.
 */
export function reachable<T extends IpAddress>(host: string, addresses: T[]): T[] {
  return isPrivateName(host) ? addresses : addresses.filter(isPublic);
}

/** Whether a rule names the address; names are held against what the guest's own look-ups returned. */
export function grantedSocket(
  rules: SocketRule[],
  protocol: "tcp" | "udp",
  remote: IpAddress & { port: number },
  returned: (name: string, address: string) => boolean,
): boolean {
  return rules.some((rule) => {
    if (rule.protocol !== protocol) return false;
    if (!rule.ports.some(({ from, to }) => remote.port >= from && remote.port <= to)) return false;
    return ruleHolds(rule.host, remote, returned);
  });
}

function ruleHolds(
  host: string,
  remote: IpAddress,
  returned: (name: string, address: string) => boolean,
): boolean {
  const [network = "", prefix] = host.split("/");
  const literal = network.replace(/^\[|\]$/g, "");
  const family = isIP(literal);
  if (family === 0) return returned(host, remote.address);
  if (family !== remote.family) return false;
  const list = new BlockList();
  const type = family === 4 ? "ipv4" : "ipv6";
  list.addSubnet(literal, prefix === undefined ? (family === 4 ? 32 : 128) : Number(prefix), type);
  return list.check(remote.address, type);
}
