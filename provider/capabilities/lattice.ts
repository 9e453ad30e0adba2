/** Rules as a lattice: what covers what, what two have in common, and the one form of equal rules. */
import { hostCovers, networkCovers } from "./hosts.ts";
import type { FileRule, Origin, Rules, SocketRule } from "./rules.ts";
import { ambients, families } from "./vocabulary.ts";

type Ports = SocketRule["ports"];

/** No permission but the ambient ones. */
export function noRules(): Rules {
  return {
    http: [],
    sockets: [],
    nameLookup: [],
    filesystem: [],
    environment: [],
    config: [],
    keyValue: [],
    blobs: [],
    messaging: [],
    sql: [],
    calls: [],
    interfaces: [],
    ambient: { clocks: true, random: true, stdio: true },
  };
}

/** Sorted, nothing twice; socket rules of one host and protocol and file rules of one path and volume become one. */
export function normalRules(rules: Rules): Rules {
  const normal = { ...rules };
  for (const family of families) (normal[family] as unknown[]) = distinct(rules[family] as unknown[]);
  normal.sockets = distinct(mergeSockets(rules.sockets));
  normal.filesystem = distinct(mergeFiles(rules.filesystem));
  return normal;
}

function distinct<T>(items: readonly T[]): T[] {
  const byText = new Map(items.map((item) => [JSON.stringify(item), item]));
  return [...byText.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}

function mergeSockets(rules: readonly SocketRule[]): SocketRule[] {
  const merged = new Map<string, SocketRule>();
  for (const { host, protocol, ports } of rules) {
    const key = `${protocol} ${host}`;
    merged.set(key, { host, protocol, ports: mergePorts([...(merged.get(key)?.ports ?? []), ...ports]) });
  }
  return [...merged.values()];
}

function mergeFiles(rules: readonly FileRule[]): FileRule[] {
  const merged = new Map<string, FileRule>();
  for (const { path, access, volume } of rules) {
    const key = `${volume} ${path}`;
    const before = merged.get(key)?.access;
    merged.set(key, { path, access: before === "write" ? "write" : access, volume });
  }
  return [...merged.values()];
}

/** Sorted ranges that neither overlap nor touch. */
function mergePorts(ports: Ports): Ports {
  const merged: Ports = [];
  for (const range of [...ports].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last && range.from <= last.to + 1) last.to = Math.max(last.to, range.to);
    else merged.push({ ...range });
  }
  return merged;
}

/**
 * Whether `outer` permits everything that `inner` does. Never wrong when it says yes; it does not put two networks
 * together to find that they cover a third.
 */
export function covers(outer: Rules, inner: Rules): boolean {
  return (
    inner.http.every((origin) => outer.http.some((each) => originCovers(each, origin))) &&
    inner.sockets.every((rule) => socketCovered(outer.sockets, rule)) &&
    inner.nameLookup.every((name) => outer.nameLookup.some((each) => hostCovers(each, name))) &&
    inner.filesystem.every((rule) => outer.filesystem.some((each) => fileCovers(each, rule))) &&
    labelFamilies.every((family) => inner[family].every((label) => outer[family].includes(label))) &&
    ambients.every((family) => outer.ambient[family] || !inner.ambient[family])
  );
}

const labelFamilies = [
  "environment",
  "config",
  "keyValue",
  "blobs",
  "messaging",
  "sql",
  "calls",
  "interfaces",
] as const;

/** What both permit. */
export function intersection(a: Rules, b: Rules): Rules {
  const common = noRules();
  common.http = pairs(a.http, b.http, (x, y) => narrower(originCovers, x, y));
  common.sockets = pairs(a.sockets, b.sockets, commonSocket);
  common.nameLookup = pairs(a.nameLookup, b.nameLookup, (x, y) => narrower(hostCovers, x, y));
  common.filesystem = pairs(a.filesystem, b.filesystem, (x, y) => narrower(fileCovers, x, y));
  for (const family of labelFamilies) common[family] = a[family].filter((label) => b[family].includes(label));
  for (const family of ambients) common.ambient[family] = a.ambient[family] && b.ambient[family];
  return normalRules(common);
}

function pairs<T>(a: readonly T[], b: readonly T[], common: (x: T, y: T) => T | undefined): T[] {
  return a.flatMap((x) => b.map((y) => common(x, y))).filter((each) => each !== undefined);
}

/** Two entries of a family are nested or have nothing in common. */
function narrower<T>(covering: (outer: T, inner: T) => boolean, x: T, y: T): T | undefined {
  if (covering(x, y)) return y;
  return covering(y, x) ? x : undefined;
}

export function originCovers(outer: Origin, inner: Origin): boolean {
  return outer.scheme === inner.scheme && outer.port === inner.port && hostCovers(outer.host, inner.host);
}

function fileCovers(outer: FileRule, inner: FileRule): boolean {
  const sameFolder = outer.path === inner.path && outer.volume === inner.volume;
  return sameFolder && (outer.access === "write" || inner.access === "read");
}

function socketHostCovers(outer: string, inner: string): boolean {
  return outer === inner || networkCovers(outer, inner);
}

function socketCovered(outer: readonly SocketRule[], inner: SocketRule): boolean {
  const usable = outer.filter(
    (rule) => rule.protocol === inner.protocol && socketHostCovers(rule.host, inner.host),
  );
  const ports = mergePorts(usable.flatMap((rule) => rule.ports));
  return mergePorts(inner.ports).every(({ from, to }) =>
    ports.some((range) => range.from <= from && to <= range.to),
  );
}

function commonSocket(x: SocketRule, y: SocketRule): SocketRule | undefined {
  if (x.protocol !== y.protocol) return undefined;
  const host = narrower(socketHostCovers, x.host, y.host);
  const ports = x.ports.flatMap((a) =>
    y.ports.map((b) => ({ from: Math.max(a.from, b.from), to: Math.min(a.to, b.to) })),
  );
  const common = mergePorts(ports.filter(({ from, to }) => from <= to));
  return host === undefined || common.length === 0
    ? undefined
    : { host, protocol: x.protocol, ports: common };
}
