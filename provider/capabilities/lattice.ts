/**
 * Rules as a lattice: what covers what, the least that covers two, the most that two have in common, and the one form of
 * equal rules. Hosts, networks, folders and names are nested or have nothing in common, which is why entries can be compared
 * one by one. Two networks are never put together to find that they are a third one.
 */
import { hostCovers, networkCovers, networkIn } from "./hosts.ts";
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

/**
 * The one form of equal rules: sorted, and without what another entry says already. Socket rules of one host and protocol
 * become one, as do file rules of one path and volume; ports that a wider network has are left to it.
 */
export function normalRules(rules: Rules): Rules {
  const normal = { ...rules };
  for (const family of families) (normal[family] as unknown[]) = distinct(rules[family] as unknown[]);
  normal.http = widest(normal.http, ({ host }) => host, originCovers);
  normal.nameLookup = widest(normal.nameLookup, (host) => host, hostCovers);
  normal.sockets = distinct(withoutWiderPorts(mergeSockets(rules.sockets)));
  normal.filesystem = distinct(mergeFiles(rules.filesystem));
  return normal;
}

/** @param items nothing twice; only one with a wildcard can cover another */
function widest<T>(
  items: readonly T[],
  hostOf: (item: T) => string,
  covering: (outer: T, inner: T) => boolean,
): T[] {
  const wide = items.filter((item) => hostOf(item).startsWith("*."));
  return items.filter((item) => !wide.some((other) => other !== item && covering(other, item)));
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

/** @param rules one for each host and protocol */
function withoutWiderPorts(rules: readonly SocketRule[]): SocketRule[] {
  const networks = rules.map((rule) => ({ rule, network: networkIn(rule.host) }));
  return networks.flatMap(({ rule, network }) => {
    const wider = networks.filter(
      (other) =>
        other.rule !== rule &&
        other.rule.protocol === rule.protocol &&
        network !== undefined &&
        other.network !== undefined &&
        networkCovers(other.network, network),
    );
    const ports = portsBeside(rule.ports, mergePorts(wider.flatMap((other) => other.rule.ports)));
    return ports.length === 0 ? [] : [{ ...rule, ports }];
  });
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

/** What is in `ports` and not in `others`. */
function portsBeside(ports: Ports, others: Ports): Ports {
  return others.reduce<Ports>(
    (left, { from, to }) =>
      left.flatMap((range) =>
        [
          { from: range.from, to: Math.min(range.to, from - 1) },
          { from: Math.max(range.from, to + 1), to: range.to },
        ].filter((part) => part.from <= part.to),
      ),
    mergePorts(ports),
  );
}

/** Whether `outer` permits everything that `inner` does. Never wrong when it says yes. */
export function covers(outer: Rules, inner: Rules): boolean {
  const { ambient, ...lists } = uncovered(outer, inner);
  return (
    Object.values(lists).every((entries) => entries.length === 0) && !Object.values(ambient).some(Boolean)
  );
}

/** The entries of `inner` that `outer` does not permit, or not in full; of the ambient families, those that it lacks. */
export function uncovered(outer: Rules, inner: Rules): Rules {
  const missing = <T>(a: readonly T[], b: readonly T[], covering: (outer: T, inner: T) => boolean) =>
    b.filter((item) => !a.some((each) => covering(each, item)));
  const rest = noRules();
  rest.http = missing(outer.http, inner.http, originCovers);
  rest.sockets = inner.sockets.filter((rule) => !socketCovered(outer.sockets, rule));
  rest.nameLookup = missing(outer.nameLookup, inner.nameLookup, hostCovers);
  rest.filesystem = missing(outer.filesystem, inner.filesystem, fileCovers);
  for (const family of labelFamilies)
    rest[family] = inner[family].filter((label) => !outer[family].includes(label));
  for (const family of ambients) rest.ambient[family] = inner.ambient[family] && !outer.ambient[family];
  return rest;
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

/** What either permits: the least that covers both. */
export function join(a: Rules, b: Rules): Rules {
  const joined = noRules();
  for (const family of families) {
    (joined[family] as unknown[]) = [...(a[family] as unknown[]), ...(b[family] as unknown[])];
  }
  for (const family of ambients) joined.ambient[family] = a.ambient[family] || b.ambient[family];
  return normalRules(joined);
}

/** What both permit: the most that both cover. */
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

/** A name, as an address, covers itself alone. */
function socketHostCovers(outer: string, inner: string): boolean {
  if (outer === inner || !outer.includes("/")) return outer === inner;
  const [outerNetwork, innerNetwork] = [networkIn(outer), networkIn(inner)];
  return (
    outerNetwork !== undefined && innerNetwork !== undefined && networkCovers(outerNetwork, innerNetwork)
  );
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
