/**
 * The entries of grants: from what a program writes to the one canonical form, and back to text. Problems read after a
 * property path, as in `http[1] has no scheme; write https://api.example.com`. They never repeat what could be a password.
 */
import { isAddress, type Parsed, parseHost, parseNetwork, parsePort, problem, valid } from "./hosts.ts";
import type { FileRule, Origin, SocketRule } from "./rules.ts";
import { openersOf } from "./vocabulary.ts";

const defaultPorts = { http: 80, https: 443 } as const;
const longest = 512;

/** `scheme://host[:port]`: http or https; without a port the scheme's own. No path, no user, at most one leading `*.`. */
export function parseOrigin(text: string): Parsed<Origin> {
  const refused = refusedText(text);
  if (refused) return refused;
  const [, scheme, rest] = /^([A-Za-z][A-Za-z0-9+.-]*|\*):\/\/(.*)$/.exec(text) ?? [];
  if (scheme === undefined || rest === undefined) return missingScheme(text);
  const lower = scheme.toLowerCase();
  if (lower === "*") return problem("has a wildcard for its scheme; write https:// or http://");
  if (lower !== "http" && lower !== "https") {
    return problem(
      `has the scheme ${lower}; http grants take http:// and https:// (see sockets for other protocols)`,
    );
  }
  if (rest.includes("@"))
    return problem("holds user information before the @; leave it out, and pass credentials as bindings");
  if (rest.includes("\\")) return problem("holds a backslash, which means / to some and nothing to others");
  const [authority = ""] = rest.split(/[/?#]/, 1);
  const origin = parseAuthority(lower, authority);
  if (authority === rest) return origin;
  if (/^\/\d+(:\d*)?$/.test(rest.slice(authority.length)) && isAddress(authority))
    return problem("names a network, but an origin has one host; see sockets for networks");
  return origin.ok ? hasPath(origin.value) : origin;
}

function parseAuthority(scheme: Origin["scheme"], authority: string): Parsed<Origin> {
  const isBareIPv6 = authority.includes("::") && isAddress(authority);
  const [, hostText = "", portText] = isBareIPv6
    ? ["", authority]
    : (/^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(authority) ?? []);
  const host = parseHost(hostText, { wildcard: true });
  if (!host.ok) return host;
  // On Spin the word stands for the application itself, and nowhere for a host that could be meant.
  if (host.value === "self") return problem("is Spin's word for the application itself; see calls");
  const port = portText === undefined ? defaultPorts[scheme] : parsePort(portText);
  if (port !== undefined) return valid({ scheme, host: host.value, port });
  return /^(\*|\d+(\.\.|-).*)$/.test(portText ?? "")
    ? problem("names several ports, but an origin has one; write an origin for each")
    : problem("has a port that is not a number from 1 to 65535; leave it out for the scheme's own");
}

function missingScheme(text: string): Parsed<never> {
  if (text === "*") return problem("would name every host; name the hosts, such as https://*.example.com");
  const authority = text.split(/[/?#]/, 1)[0] ?? "";
  const usable = !text.includes("@") && parseAuthority("https", authority).ok;
  return problem(
    `has no scheme; write ${usable ? `https://${authority}` : "for example https://api.example.com"}`,
  );
}

function hasPath(origin: Origin): Parsed<never> {
  return problem(`has a path or query, but a grant names whole origins; write ${formatOrigin(origin)}`);
}

/** A host name or `*.suffix`, without scheme, port or address. */
export function parseLookupName(text: string): Parsed<string> {
  const refused = refusedText(text);
  if (refused) return refused;
  if (text.includes("://")) return problem("is a URL; name the host alone, such as db.example.com");
  if (isAddress(text) || parseNetwork(text))
    return problem("is an address, which needs no look-up; leave it out");
  if (/:\d*$/.test(text)) return problem("has a port; name the host alone, such as db.example.com");
  return parseHost(text, { wildcard: true });
}

/** An IP address, a CIDR block or a host name. */
export function parseSocketHost(text: string): Parsed<string> {
  const refused = refusedText(text);
  if (refused) return refused;
  if (text.includes("://")) return problem("is a URL; name the host, address or network alone");
  const network = parseNetwork(text);
  if (network) return network;
  if (/^([^:]*|\[.*\]):\d*$/.test(text)) return problem("has a port; name it under ports");
  if (text.includes("/")) return problem("is no network; write for example 10.0.0.0/8 or fd00::/8");
  if (text.includes("*")) return problem("takes no wildcard; name the host, or a network such as 10.0.0.0/8");
  return parseHost(text, { wildcard: false });
}

/** `5432` or `6000-6010`. */
export function parsePortRange(text: string): Parsed<{ from: number; to: number }> {
  const [number, protocol] = text.split("/", 2);
  if (protocol !== undefined && parsePort(number ?? "") !== undefined)
    return problem(`holds a protocol, which stands under protocol; write "${number}"`);
  const [first = "", second, ...rest] = text.split("-");
  const from = parsePort(first);
  const to = second === undefined ? from : parsePort(second);
  if (from === undefined || to === undefined || rest.length > 0) {
    return problem('is no port from 1 to 65535 and no range of them; write "5432" or "6000-6010"');
  }
  return from <= to ? valid({ from, to }) : problem(`counts down; write "${to}-${from}"`);
}

/** An absolute path in the guest, in its shortest form. */
export function parseGuestPath(text: string): Parsed<string> {
  const refused = refusedText(text);
  if (refused) return refused;
  if (text.includes("://")) return problem("is a URL; write the path as the guest sees it, such as /data");
  if (!text.startsWith("/")) return problem("is not absolute; begin it with /, as the guest sees it");
  if (text.includes("\\")) return problem("holds a backslash; separate folders with /");
  const parts = text.split("/").filter((part) => part !== "");
  if (parts.some((part) => part === "." || part === ".."))
    return problem("holds . or ..; write the path that is meant");
  if (text.includes("*"))
    return problem("holds a wildcard; name the folder, which is granted with all that is in it");
  return valid(`/${parts.join("/")}`);
}

/** The name of a volume, store, queue or database: a label to bind later, never a location. */
export function parseLabel(text: string): Parsed<string> {
  if (/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/.test(text)) return valid(text);
  return problem(
    "is no name: take 1 to 63 letters, digits, dots, hyphens and underscores, with a letter or digit at both ends, such as orders",
  );
}

export function parseEnvironmentKey(text: string): Parsed<string> {
  if (text.includes("="))
    return problem("holds a value; name the key alone and give the value in the App's bindings");
  if (/^[A-Za-z_][A-Za-z0-9_]{0,254}$/.test(text)) return valid(text);
  return problem("is no environment key: take letters, digits and underscores, such as STRIPE_KEY");
}

export function parseConfigKey(text: string): Parsed<string> {
  if (text.includes("="))
    return problem("holds a value; name the key alone and give the value in the App's bindings");
  if (/^[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,254}$/.test(text)) return valid(text);
  return problem(
    "is no configuration key: take letters, digits and _ . : / -, such as greeting or cache.size",
  );
}

/** `namespace:package/interface`, with the version that the module imports. */
export function parseInterface(text: string): Parsed<string> {
  const word = "[a-z][a-z0-9]*(-[a-z0-9]+)*";
  const version = "(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)(-[0-9A-Za-z.-]+)?(\\+[0-9A-Za-z.-]+)?";
  const [, name] = new RegExp(`^((?:${word}:)+${word}(?:/${word})+)(?:@${version})?$`).exec(text) ?? [];
  if (!name || text.length > longest) {
    return problem(
      "is no full name of a WIT interface; write it as the module's imports list it, such as acme:ai/model@1.2.0",
    );
  }
  const openers = openersOf(name);
  if (openers === "structural") return problem("needs no grant; leave it out");
  if (openers) return problem(`belongs to ${openers.join(" or ")}; grant what it may reach there`);
  return valid(text);
}

/** What no entry that names a place can hold. */
export function refusedText(text: string): { ok: false; problem: string } | undefined {
  if (text.includes("{{") || text.includes("${"))
    return problem(
      "holds a placeholder, which nothing fills in here; put the value in where the program makes this text",
    );
  if (text.length > longest) return problem(`is longer than ${longest} characters`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u0020\u007f]/.test(text))
    return problem("holds a space or a control character; leave it out");
  return undefined;
}

export function formatOrigin({ scheme, host, port }: Origin): string {
  return `${scheme}://${host}${port === defaultPorts[scheme] ? "" : `:${port}`}`;
}

export function formatSocket({ host, protocol, ports }: SocketRule): string {
  return `${protocol} ${host} ports ${ports.map(formatPortRange).join(",")}`;
}

export function formatPortRange({ from, to }: { from: number; to: number }): string {
  return from === to ? `${from}` : `${from}-${to}`;
}

export function formatFile({ path, access, volume }: FileRule): string {
  return `${access} ${path} from ${volume}`;
}
