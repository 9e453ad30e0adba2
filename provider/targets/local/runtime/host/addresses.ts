/** Addresses as `wasi:sockets` has them, and as Node does. */
import type { IpAddress, SocketAddress } from "../messages.ts";

type Ipv4 = [number, number, number, number];
type Ipv6 = [number, number, number, number, number, number, number, number];

export type WitIpAddress = { tag: "ipv4"; val: Ipv4 } | { tag: "ipv6"; val: Ipv6 };
export type WitSocketAddress =
  | { tag: "ipv4"; val: { port: number; address: Ipv4 } }
  | { tag: "ipv6"; val: { port: number; flowInfo: number; address: Ipv6; scopeId: number } };

function ipv6Text(groups: number[]): string {
  return URL.parse(`http://[${groups.map((g) => g.toString(16)).join(":")}]/`)?.hostname.slice(1, -1) ?? "";
}

/** The eight groups of an address in any spelling. */
function ipv6Groups(text: string): Ipv6 {
  const canonical = URL.parse(`http://[${text.replace(/%.*$/, "")}]/`)?.hostname.slice(1, -1) ?? "::";
  const [head = "", tail] = canonical.split("::");
  const groups = (part: string | undefined) =>
    part ? part.split(":").map((g) => Number.parseInt(g, 16)) : [];
  const [before, after] = [groups(head), groups(tail)];
  return [...before, ...Array(8 - before.length - after.length).fill(0), ...after] as Ipv6;
}

export function fromWit(address: WitSocketAddress): SocketAddress {
  const { port } = address.val;
  if (address.tag === "ipv4") return { family: 4, address: address.val.address.join("."), port };
  return { family: 6, address: ipv6Text([...address.val.address]), port };
}

export function toWit({ family, address, port }: SocketAddress): WitSocketAddress {
  if (family === 4) return { tag: "ipv4", val: { port, address: address.split(".").map(Number) as Ipv4 } };
  return { tag: "ipv6", val: { port, flowInfo: 0, address: ipv6Groups(address), scopeId: 0 } };
}

export function ipToWit({ family, address }: IpAddress): WitIpAddress {
  if (family === 4) return { tag: "ipv4", val: address.split(".").map(Number) as Ipv4 };
  return { tag: "ipv6", val: ipv6Groups(address) };
}

export function isUnspecified({ address }: IpAddress): boolean {
  return address === "0.0.0.0" || address === "::";
}

/** One machine's address: neither a group's nor everybody's, nor an IPv4 address in IPv6 clothes. */
export function isUnicast({ family, address }: IpAddress): boolean {
  if (family === 4) return !/^(22[4-9]|23\d)\./.test(address) && address !== "255.255.255.255";
  return !address.startsWith("ff") && !address.startsWith("::ffff:");
}
