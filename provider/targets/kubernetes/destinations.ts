/**
 * Where grants lead, in what a NetworkPolicy can say: addresses and ports, never names. One reading for the policy that is
 * rendered and for the verdicts about it.
 */
import { networkCovers, networkIn } from "../../capabilities/hosts.ts";
import type { Origin, Rules, SocketRule } from "../../capabilities/rules.ts";

/**
 * `network`: addresses, less those `except`. `internet`: any public address, for a name that a policy cannot hold. `private`: any
 * address of a private network, for a name that only the cluster or a private zone can define. `pod`: the pod itself, which no
 * policy stands in front of.
 */
export type Place =
  | { kind: "network"; cidr: string; except: string[] }
  | { kind: "internet" }
  | { kind: "private" }
  | { kind: "pod" };

export interface Destination {
  place: Place;
  protocol: "tcp" | "udp";
  ports: SocketRule["ports"];
}

const special4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "224.0.0.0/3",
];

/**
 * Blocks of the IANA special-purpose registries that lead to a machine itself, its neighbours, or to many; the guards refuse the
 * same. Metadata services of clouds are among them. Only an entry that names such a place opens it.
 */
const specialNetworks: Readonly<Record<4 | 6, readonly string[]>> = {
  4: special4,
  6: [
    "::/96",
    ...special4.map(translated),
    "64:ff9b:1::/48",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
  ],
};

/** What a rule for a name of public DNS opens. */
export const internet: readonly Block[] = [
  { cidr: "0.0.0.0/0", except: specialNetworks[4] },
  { cidr: "::/0", except: specialNetworks[6] },
];

/** What a rule for a name opens that leads into a private network. */
export const privateNetworks: readonly Block[] = [
  "10.0.0.0/8",
  "100.64.0.0/10",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "fc00::/7",
].map((cidr) => ({ cidr, except: [] }));

export interface Block {
  cidr: string;
  except: readonly string[];
}

/** An IPv4 network as it is reached through NAT64 (RFC 6052). Of those above, the lower half is zero. */
function translated(cidr: string): string {
  const [address = "", prefix] = cidr.split("/");
  const [high = 0, low = 0] = address.split(".").map(Number);
  const group = (high * 256 + low).toString(16);
  return `64:ff9b::${group === "0" ? "" : `${group}:0`}/${96 + Number(prefix)}`;
}

export function originDestination({ host, port }: Pick<Origin, "host" | "port">): Destination {
  return { place: placeOf(host), protocol: "tcp", ports: [{ from: port, to: port }] };
}

function socketDestination({ host, protocol, ports }: SocketRule): Destination {
  return { place: placeOf(host), protocol, ports };
}

/** Everything that rules lead to. */
export function destinations({ http, sockets }: Rules): Destination[] {
  return [...http.map(originDestination), ...sockets.map(socketDestination)];
}

/** Whether a name must be looked up to get anywhere. */
export function needsNames({ http, sockets, nameLookup, calls }: Rules): boolean {
  const isName = ({ host }: { host: string }) => ["internet", "private"].includes(placeOf(host).kind);
  return nameLookup.length > 0 || calls.length > 0 || http.some(isName) || sockets.some(isName);
}

/** @param host as rules have it: an address (IPv6 also in brackets), a network, a name, or `*.suffix` */
export function placeOf(host: string): Place {
  const text = host.replace(/^\[(.*)\]$/, "$1");
  const network = networkIn(text);
  if (network === undefined) return placeOfName(text);
  const bits = network.family === 4 ? 32 : 128;
  const cidr = text.includes("/") ? text : `${text}/${bits}`;
  if (isLoopback(text)) return { kind: "pod" };
  const except = specialNetworks[network.family].filter((special) => {
    const other = networkIn(special);
    return other !== undefined && special !== cidr && networkCovers(network, other);
  });
  return { kind: "network", cidr, except };
}

function placeOfName(name: string): Place {
  if (name === "localhost" || name.endsWith(".localhost")) return { kind: "pod" };
  return { kind: isPrivateName(name) ? "private" : "internet" };
}

/** Names that no public zone can hold (RFC 6761, 6762, 8375; ICANN's `.internal`), those of one label, and those of Services. */
function isPrivateName(name: string): boolean {
  const plain = name.replace(/^\*\./, "");
  return !plain.includes(".") || /\.(test|local|internal|home\.arpa|svc)$/.test(plain);
}

function isLoopback(text: string): boolean {
  const outer = [networkIn("127.0.0.0/8"), networkIn("::1")];
  const inner = networkIn(text);
  return outer.some(
    (network) => network !== undefined && inner !== undefined && networkCovers(network, inner),
  );
}
