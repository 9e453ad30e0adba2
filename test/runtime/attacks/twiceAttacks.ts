import type { Ask, Attack, Family, Inner, World } from "./attack.ts";

type Grant = Record<string, unknown>;

/** One module, sealed with `first`, and as a module once more with `second`. */
const twice = (guest: string, first: Grant, second: Grant, more: Partial<Inner> = {}) => ({
  modules: { main: { modules: { main: guest }, grants: { main: first }, ...more } },
  grants: { main: second },
});

const passing = (back: string) => [{ from: "front", import: "wasi:http/incoming-handler", to: back }];

const web = "http://127.0.0.1:{web}";
const other = "http://127.0.0.1:{other}";
const elsewhere = "http://127.0.0.2:{web}";
const fetching = (origin: string): Ask => ({ get: "/fetch", query: { url: `${origin}/` } });
const own = (what: string, query: Record<string, string> = {}): Ask => ({ get: `/own/${what}`, query });
const refused = "error: HTTP-request-denied";
const tcp = (host: string, ...ports: string[]) => ({ host, protocol: "tcp", ports });
const connecting = (address: string, port: string): Ask => ({ get: `/tcp?addr=${address}&port=${port}` });
const folder = (access: string, path: string) => ({ access, path, volume: "volume" });

const works = (name: string, ask: Ask, answer: string, ...reaches: string[]): Attack => {
  return { name, ask, answer, reaches };
};
const denied = (name: string, ask: Ask, answer: string): Attack => ({ name, ask, answer });

const requests: Attack[] = [
  works("what both grant", fetching(web), "status: 200", "web"),
  denied("what only the inner ones grant", fetching(other), refused),
  denied("what only the outer ones grant", fetching(elsewhere), refused),
];

const both: Record<string, World> = {
  "requests, of a composition": {
    ...twice("client", { http: [web, other] }, { http: [web, elsewhere] }),
    attacks: requests,
  },
  "requests, of a file": {
    ...twice("client", { http: [web, other] }, { http: [web, elsewhere] }, { asFile: true }),
    attacks: requests,
  },
  "folders, in other ways": {
    ...twice(
      "files",
      { filesystem: [folder("write", "/data"), folder("read", "/more"), folder("read", "/data/sub")] },
      { filesystem: [folder("read", "/data"), folder("write", "/more"), folder("read", "/secret")] },
    ),
    attacks: [
      works("to read in the first", { script: ["read /data file"] }, "ok text-of-data", "the data"),
      works("to read in the second", { script: ["read /more file"] }, "ok text-of-data", "the data"),
      denied("to write in the first", { script: ["write /data new text"] }, "error read-only"),
      denied("to write in the second", { script: ["write /more new text"] }, "error read-only"),
      denied("a folder of the outer ones only", { script: ["std-read /secret/file"] }, "ok failed NotFound"),
    ],
  },
  connections: {
    ...twice(
      "sockets",
      { sockets: [tcp("127.0.0.1", "{tcp}", "{tcp2}")] },
      { sockets: [tcp("127.0.0.0/8", "{tcp}")] },
    ),
    attacks: [
      works("what both grant", connecting("127.0.0.1", "{tcp}"), "connect: ok", "tcp"),
      denied(
        "what only the inner ones grant",
        connecting("127.0.0.1", "{tcp2}"),
        "connect: error access-denied",
      ),
      denied(
        "what only the outer ones grant",
        connecting("127.0.0.2", "{tcp}"),
        "connect: error access-denied",
      ),
    ],
  },
  "keys, and random numbers by the outer ones only": {
    ...twice(
      "echo",
      { environment: ["GRANTED", "OTHER"], ambient: { random: false } },
      { environment: ["GRANTED", "FRONT__KEY"] },
    ),
    attacks: [
      works("the whole environment", { get: "/env" }, "GRANTED=", "GRANTED's value"),
      denied("random bytes", { get: "/random", query: { bytes: "16" } }, "500"),
    ],
  },
};

const within: Record<string, World> = {
  "requests, to a composition behind another module": {
    modules: {
      front: "neighbour",
      back: { modules: { main: "client" }, grants: { main: { http: [web, other] } } },
    },
    links: passing("back"),
    grants: { front: { http: [other] }, back: { http: [web, elsewhere] } },
    attacks: [
      ...requests,
      works("its own request", own("fetch", { authority: "127.0.0.1:{other}" }), "status: 200", "other"),
      denied("the other's request by itself", own("fetch", { authority: "127.0.0.1:{web}" }), refused),
    ],
  },
  "requests and a key, to a composition of two": {
    modules: {
      shop: {
        modules: { front: "neighbour", back: "client" },
        links: passing("back"),
        grants: { front: { environment: ["KEY"] }, back: { http: [web, other] } },
      },
    },
    grants: { shop: { http: [web, elsewhere], environment: ["FRONT__KEY", "BACK__KEY"] } },
    attacks: [
      ...requests,
      works("the key", own("env"), "KEY=", "front's value"),
      denied("the request by the module in front", own("fetch", { authority: "127.0.0.1:{web}" }), refused),
    ],
  },
};

export const twiceAttacks: Family = {
  title: "Guards over guards",
  worlds: { ...both, ...within },
};
