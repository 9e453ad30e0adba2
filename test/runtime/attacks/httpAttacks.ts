import type { Ask, Attack, Family } from "./attack.ts";

const refused = "error: HTTP-request-denied";
const fetching = (url: string, more: Record<string, string> = {}): Ask => ({
  get: "/fetch",
  query: { url, ...more },
});
const following = (url: string): Ask => ({ get: "/fetch-redirect", query: { url } });
/** Parts of a URL as they are, which no URL could hold. */
const raw = (authority: string, more: Record<string, string> = {}): Ask => ({
  get: "/fetch",
  query: { authority, ...more },
});

const works = (name: string, ask: Ask, more: Partial<Attack> = {}): Attack => {
  return { name, ask, answer: "status: ", reaches: ["web"], ...more };
};
/** Without the seal it gets through, or a runtime has its own reason against it. */
const denied = (name: string, ask: Ask, unsealed: Attack["unsealed"] = {}): Attack => {
  return { name, ask, answer: refused, unsealed };
};
/** The local target is as strict by itself. */
const deniedLocally = (name: string, ask: Ask, wasmtime?: string): Attack =>
  denied(name, ask, { local: refused, ...(wasmtime !== undefined && { wasmtime }) });

const noAuthority = "invalid: authority";
/** No host takes it for an authority, so that it never comes to a guard. */
const invalid = (name: string, authority: string): Attack => ({
  name,
  ask: raw(authority),
  answer: noAuthority,
  unsealed: { wasmtime: noAuthority, local: noAuthority },
});
/** The local target leaves it to whoever sends the request. */
const invalidInWasmtime = (name: string, authority: string): Attack => ({
  ...invalid(name, authority),
  answer: refused,
  in: { wasmtime: { answer: noAuthority } },
  unsealed: { wasmtime: noAuthority, local: refused },
});

const notThere = "error: connection-refused";
const noName = "error: DNS-error";

const address: Attack[] = [
  works("the granted origin", fetching("http://127.0.0.1:{web}/")),
  denied("another port", fetching("http://127.0.0.1:{other}/")),
  denied("another scheme", fetching("https://127.0.0.1:{web}/")),
  denied("the scheme's own port", fetching("http://127.0.0.1/"), { wasmtime: notThere, local: notThere }),
  denied("another address of the machine", fetching("http://127.0.0.2:{web}/")),
  denied("a name of the address", fetching("http://localhost:{web}/")),
  denied("the address in octal", fetching("http://0177.0.0.1:{web}/")),
  denied("the address in hexadecimal", fetching("http://0x7f.0.0.1:{web}/")),
  denied("the address as one number", fetching("http://2130706433:{web}/")),
  denied("the address as one hexadecimal number", fetching("http://0x7f000001:{web}/")),
  denied("the address cut short", fetching("http://127.1:{web}/")),
  denied("another port, the address in octal", fetching("http://0177.0.0.1:{other}/")),
  denied("the machine's address in IPv6", fetching("http://[::1]:{web}/")),
  denied("the address in IPv6 form", fetching("http://[::ffff:127.0.0.1]:{web}/")),
  denied("the address in hexadecimal IPv6 form", fetching("http://[::ffff:7f00:1]:{web}/")),
  deniedLocally("a user before the host", fetching("http://user@127.0.0.1:{web}/"), noName),
  deniedLocally("a user and a password", fetching("http://user:secret@127.0.0.1:{web}/"), noName),
  deniedLocally("the granted host as another's user", raw("127.0.0.1:{web}@127.0.0.1:{other}"), noName),
  deniedLocally("the granted host behind a user", raw("127.0.0.1:{other}@127.0.0.1:{web}"), noName),
  invalidInWasmtime("a backslash", "127.0.0.1:{web}\\@127.0.0.1:{other}"),
  invalidInWasmtime("a fragment", "127.0.0.1:{other}#127.0.0.1:{web}"),
  invalidInWasmtime("a path in the authority", "127.0.0.1:{other}/127.0.0.1:{web}"),
  invalidInWasmtime("a query in the authority", "127.0.0.1:{other}?127.0.0.1:{web}"),
  invalidInWasmtime("two ports", "127.0.0.1:{web}:{other}"),
  invalidInWasmtime("a percent sign for a digit", "%3127.0.0.1:{web}"),
  invalid("a line break in the authority", "127.0.0.1:{other}\r\nhost: 127.0.0.1:{web}"),
  invalid("a NUL in the authority", "127.0.0.1:{other}\u0000.127.0.0.1:{web}"),
  invalid("a blank before the host", " 127.0.0.1:{other}"),
  invalid("no authority", ""),
  invalid("digits of another script", "\uff11\uff12\uff17.0.0.1:{web}"),
  denied("a port with a zero before it", raw("127.0.0.1:0{web}")),
  deniedLocally(
    "a scheme in capitals",
    raw("127.0.0.1:{other}", { scheme: "HTTP" }),
    "error: HTTP-protocol-error",
  ),
  deniedLocally("another protocol", raw("127.0.0.1:{web}", { scheme: "ws" }), "error: HTTP-protocol-error"),
  {
    name: "another origin in the path",
    ask: raw("127.0.0.1:{web}", { path: "http://127.0.0.1:{other}/" }),
    answer: "invalid: path",
    unsealed: { wasmtime: "invalid: path", local: "invalid: path" },
  },
  works("another host in the path", raw("127.0.0.1:{web}", { path: "//127.0.0.1:{other}/" })),
  {
    name: "another origin's Host header",
    ask: fetching("http://127.0.0.1:{web}/", { header: "host:127.0.0.1:{other}" }),
    answer: "invalid: header host",
    unsealed: { wasmtime: "invalid: header host", local: "invalid: header host" },
  },
  {
    name: "a redirect to another origin",
    ask: following("http://127.0.0.1:{web}/to/http%3A%2F%2F127.0.0.1%3A{other}%2F"),
    answer: refused,
    reaches: ["web"],
  },
  denied("CONNECT to another origin", fetching("http://127.0.0.1:{other}/", { method: "CONNECT" })),
];

const name: Attack[] = [
  works("the granted name", fetching("http://localhost:{web}/")),
  works("the name in capitals", fetching("http://LOCALHOST:{web}/")),
  works("the name with a final dot", fetching("http://localhost.:{web}/"), {
    in: { wasmtime: { answer: noName } },
    unsealed: { wasmtime: noName },
  }),
  deniedLocally("the name with two final dots", fetching("http://localhost..:{web}/"), noName),
  denied("the name's address", fetching("http://127.0.0.1:{web}/")),
  denied("another port of the name", fetching("http://localhost:{other}/")),
  denied("a name below it", fetching("http://a.localhost:{web}/"), { wasmtime: noName, local: noName }),
  deniedLocally("a name that ends like it", fetching("http://evillocalhost:{web}/"), noName),
  deniedLocally("punycode of it", fetching("http://xn--localhost-:{web}/"), noName),
  invalidInWasmtime("a percent sign for a letter", "%6cocalhost:{web}"),
  invalid("letters of full width", "\uff4cocalhost:{web}"),
  invalid("a letter that folds to one of it", "localho\u017ft:{web}"),
  invalid("a NUL behind it", "localhost\u0000:{web}"),
];

const call: Attack[] = [
  works("the App by its name", fetching("http://auth:{web}/")),
  denied("another port of the App", fetching("http://auth:{other}/")),
  denied("the port of http", fetching("http://auth/"), { wasmtime: notThere, local: notThere }),
  denied("the App by https", fetching("https://auth:{web}/")),
  denied("the App's name in capitals", fetching("http://AUTH:{web}/")),
  denied("the App's name with a final dot", fetching("http://auth.:{web}/")),
  denied("the App's port with a zero before it", raw("auth:0{web}")),
  denied("the App of another namespace", fetching("http://auth.identity:{web}/")),
  denied("a host whose name begins like it", fetching("http://auth.evil.example:{web}/")),
  denied("a host whose name ends like it", fetching("http://evil.auth:{web}/")),
  denied("another App", fetching("http://billing:{web}/")),
  denied("the App's address", fetching("http://127.0.0.1:{web}/")),
  denied("the App's address as one number", fetching("http://2130706433:{web}/")),
  denied("this machine by its name", fetching("http://localhost:{web}/")),
  denied("a user before the App", fetching("http://user@auth:{web}/")),
  denied("a user and a password before the App", fetching("http://user:secret@auth:{web}/")),
  denied("the App as another's user", raw("auth:{web}@evil.example:{other}")),
  {
    name: "another origin's Host header to the App",
    ask: fetching("http://auth:{web}/", { header: "host:evil.example" }),
    answer: "invalid: header host",
    unsealed: { wasmtime: "invalid: header host", local: "invalid: header host" },
  },
  {
    name: "a redirect of the App's to another port of it",
    ask: following("http://auth:{web}/to/http%3A%2F%2Fauth%3A{other}%2F"),
    answer: refused,
    reaches: ["web"],
  },
  {
    name: "a redirect of the App's to another host",
    ask: following("http://auth:{web}/to/http%3A%2F%2Fevil.example%3A{web}%2F"),
    answer: refused,
    reaches: ["web"],
  },
];

const main = "client";
const granted = (...http: string[]) => ({ modules: { main }, grants: { main: { http } } });

export const httpAttacks: Family = {
  title: "HTTP",
  worlds: {
    "an address": { ...granted("http://127.0.0.1:{web}"), attacks: address },
    "a name": { ...granted("http://localhost:{web}"), attacks: name },
    "names below suffixes": {
      ...granted("http://*.app.localhost:{web}", "http://*.0.example:{web}"),
      attacks: [
        denied("a name above them", fetching("http://localhost:{web}/")),
        denied("an address", fetching("http://127.0.0.1:{web}/")),
      ],
    },
    "calls of an App": {
      modules: { main },
      grants: { main: { calls: ["auth:{web}"] } },
      host: "network",
      attacks: call,
    },
    nothing: { modules: { main }, attacks: [denied("any origin", fetching("http://127.0.0.1:{web}/"))] },
    "what the program denies": {
      ...granted("http://127.0.0.1:{web}"),
      denied: { main: ["wasi:http/outgoing-handler"] },
      attacks: [denied("the granted origin", fetching("http://127.0.0.1:{web}/"))],
    },
  },
};
