/** Names of `calls`: by which network name a guest calls another App or a Service. */
import { isAddress, type Parsed, parsePort, problem, valid } from "./hosts.ts";
import { refusedText } from "./parse.ts";

/** Whom a label of `calls` stands for: the one origin `http://name[.namespace][:port]`. */
export interface CalleeName {
  name: string;
  namespace?: string;
  /** 80 where the label has none. */
  port: number;
}

const defaultPort = 80;
/** RFC 1123, in lower case. */
const word = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** Of a host that ends like this, the URL standard makes an IPv4 address or nothing. */
const addressEnd = /(^|\.)(\d+|0x[0-9a-f]*)$/i;
const noName =
  "is no name of an App or Service: take 1 to 63 lower-case letters, digits and hyphens, with a letter or digit at both " +
  "ends, and a namespace after a dot where one is needed, such as auth or auth.identity";

/** `name`, `name.namespace`, each with `:port` behind it or none. */
export function parseCallee(text: string): Parsed<CalleeName> {
  const refused = refusedText(text);
  if (refused) return refused;
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return isUrl(text);
  if (text.includes("*")) return problem("takes no wildcard; name each App or Service");
  const [, host = "", portText] = /^(\[.*\]|[^:]*)(?::(.*))?$/.exec(text) ?? [];
  if (isAddress(text) || isAddress(host) || addressEnd.test(host))
    return problem(
      "reads as an address, which is no App's or Service's; grant it under http, such as http://10.0.0.1",
    );
  if (/[A-Z]/.test(host)) return hasCapitals(text);
  if (host.endsWith(".")) return problem("ends with a dot, which makes another name of it; leave it out");
  const [name = "", namespace, ...more] = host.split(".");
  if (![name, ...(namespace === undefined ? [] : [namespace]), ...more].every((part) => word.test(part)))
    return problem(noName);
  if (more.length > 0) return problem(`has more than a name and a namespace; write ${name}.${namespace}`);
  if ((namespace ?? name) === "localhost")
    return problem(
      "is the machine's own name, and no App's; grant it under http, such as http://localhost:8080",
    );
  const port = portText === undefined ? defaultPort : parsePort(portText);
  if (port === undefined)
    return problem("has a port that is not a number from 1 to 65535; leave it out for 80");
  return valid({ name, ...(namespace !== undefined && { namespace }), port });
}

function hasCapitals(text: string): Parsed<never> {
  const parsed = parseCallee(text.toLowerCase());
  const advice = parsed.ok ? formatCallee(parsed.value) : "for example auth";
  return problem(`has capitals, which such names do not; write ${advice}`);
}

function isUrl(text: string): Parsed<never> {
  const [, scheme = "", rest = ""] = /^([^:]*):\/\/(.*)$/.exec(text) ?? [];
  const parsed = parseCallee(rest.split(/[/?#]/, 1)[0] ?? "");
  const advice = parsed.ok ? formatCallee(parsed.value) : "the name alone, such as auth";
  if (scheme.toLowerCase() === "http") return problem(`is a URL; write ${advice}`);
  return problem(
    `has the scheme ${scheme}, but calls go by http (TLS is for a mesh to add); write ${advice}`,
  );
}

/** The one spelling of a label. */
export function formatCallee({ name, namespace, port }: CalleeName): string {
  const host = namespace === undefined ? name : `${name}.${namespace}`;
  return port === defaultPort ? host : `${host}:${port}`;
}

/** @param label as rules have it */
export function calleeName(label: string): CalleeName {
  const parsed = parseCallee(label);
  if (!parsed.ok) throw new Error(`A label of calls was not checked: it ${parsed.problem}.`);
  return parsed.value;
}
