/**
 * What other projects' test suites try, said of our grants. Rows give an input, and what Check says of it or what it means
 * here; where another project takes it for something else, that project's own word stands in the row's place in its suite.
 */
import { expect, test } from "vitest";
import { entriesOf } from "../../provider/capabilities/entries.ts";
import { grant, problems } from "./grantInputs.ts";

/** Well-formed here, with the entry that it becomes. */
export interface Meaning {
  means: string;
}

export const means = (text: string): Meaning => ({ means: text });

/** A place in a grant that takes text. */
const places = {
  http: { path: "http[0]", inputs: (text: string) => ({ http: [text] }) },
  nameLookup: { path: "nameLookup[0]", inputs: (text: string) => ({ nameLookup: [text] }) },
  host: { path: "sockets[0].host", inputs: (text: string) => socket(text, "80") },
  port: { path: "sockets[0].ports[0]", inputs: (text: string) => socket("10.0.0.1", text) },
  path: {
    path: "filesystem[0].path",
    inputs: (text: string) => ({ filesystem: [{ path: text, access: "read", volume: "data" }] }),
  },
  environment: { path: "environment[0]", inputs: (text: string) => ({ environment: [text] }) },
  config: { path: "config[0]", inputs: (text: string) => ({ config: [text] }) },
  keyValue: { path: "keyValue[0]", inputs: (text: string) => ({ keyValue: [text] }) },
  messaging: { path: "messaging[0]", inputs: (text: string) => ({ messaging: [text] }) },
  calls: { path: "calls[0]", inputs: (text: string) => ({ calls: [text] }) },
};

function socket(host: string, port: string) {
  return { sockets: [{ host, protocol: "tcp", ports: [port] }] };
}

export type Row = readonly [place: keyof typeof places, text: string, outcome: string | Meaning];

/** @param suite project, file and, where one file has many, the test */
export function tried(suite: string, rows: readonly Row[]): void {
  test.each(rows)(`${suite}: %s %j`, (place, text, outcome) => {
    const { path, inputs } = places[place];
    if (typeof outcome === "string") {
      expect(problems(inputs(text))).toEqual([`${path}: ${outcome}`]);
      const advice = /; write "?(?!for example )([^\s"]+)"?$/.exec(outcome)?.[1];
      if (advice !== undefined) expect(problems(inputs(asWritten(place, advice)))).toEqual([]);
    } else {
      const entries = entriesOf(grant(inputs(text)).rules);
      expect(entries.map((entry) => entry.text)).toEqual([outcome.means]);
    }
  });
}

/** Advice about the host of an origin gives the host alone. */
function asWritten(place: keyof typeof places, advice: string): string {
  return place === "http" && !advice.includes("://") ? `https://${advice}` : advice;
}

// The messages that come often.
export const noScheme = (advice = "for example https://api.example.com") => `has no scheme; write ${advice}`;
export const anyScheme = "has a wildcard for its scheme; write https:// or http://";
export const otherScheme = (scheme: string) =>
  `has the scheme ${scheme}; http grants take http:// and https:// (see sockets for other protocols)`;
export const wholeOrigin = (advice: string) =>
  `has a path or query, but a grant names whole origins; write ${advice}`;
export const badPort = "has a port that is not a number from 1 to 65535; leave it out for the scheme's own";
export const manyPorts = "names several ports, but an origin has one; write an origin for each";
export const network = "names a network, but an origin has one host; see sockets for networks";
export const spinSelf = "is Spin's word for the application itself; see calls";
export const placeholder =
  "holds a placeholder, which nothing fills in here; put the value in where the program makes this text";
export const space = "holds a space or a control character; leave it out";
export const noIPv6 = "has no IPv6 address between the brackets; write for example [::1]";
export const noHost = "names no host; write for example api.example.com";
export const noName = "is no host name; write for example api.example.com";
export const badLabel =
  "is no host name: each label has 1 to 63 letters, digits and hyphens; write for example api.example.com";
export const oneWildcard = "has a wildcard elsewhere than once, at the start; write *.example.com";
export const everyHost = "would name every host; name the hosts, or a domain such as *.example.com";
export const wildAddress = "puts a wildcard before an address; name the address itself";
export const unusual = (address: string) => `is an unusual form of the address ${address}; write ${address}`;
export const nowhere = "names no destination; write 127.0.0.1 if this machine is meant";
export const needsNoLookup = "is an address, which needs no look-up; leave it out";
export const lookupUrl = "is a URL; name the host alone, such as db.example.com";
export const lookupPort = "has a port; name the host alone, such as db.example.com";
export const noPort = 'is no port from 1 to 65535 and no range of them; write "5432" or "6000-6010"';
export const portProtocol = (port: string) =>
  `holds a protocol, which stands under protocol; write "${port}"`;
export const notAbsolute = "is not absolute; begin it with /, as the guest sees it";
export const pathUrl = "is a URL; write the path as the guest sees it, such as /data";
export const wildPath = "holds a wildcard; name the folder, which is granted with all that is in it";
export const noEnvironmentKey =
  "is no environment key: take letters, digits and underscores, such as STRIPE_KEY";
export const holdsValue = "holds a value; name the key alone and give the value in the App's bindings";
export const noConfigKey =
  "is no configuration key: take letters, digits and _ . : / -, such as greeting or cache.size";
export const badName =
  "is no name: take 1 to 63 letters, digits, dots, hyphens and underscores, with a letter or digit at both ends, such as orders";
