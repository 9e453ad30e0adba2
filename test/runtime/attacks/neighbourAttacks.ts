import type { Attack, Family, World } from "./attack.ts";

type Row = Omit<Attack, "world">;

/** The neighbour stands in front, and passes on what it does not try itself. */
const behind = (back: string, grants: NonNullable<World["grants"]>): World => ({
  modules: { front: "neighbour", back },
  links: [{ from: "front", import: "wasi:http/incoming-handler", to: "back" }],
  grants,
});

const own = (what: string, query: Record<string, string> = {}) => ({ get: `/own/${what}`, query });
const http = { http: ["http://127.0.0.1:{web}"] };
const files = { filesystem: [{ path: "/data", access: "write", volume: "volume" }] };
const sockets = { sockets: [{ protocol: "tcp", host: "127.0.0.1", ports: ["{tcp}"] }] };
const key = { environment: ["KEY"] };
const fetching = (url: string) => ({ get: "/fetch", query: { url } });
const refused = "error: HTTP-request-denied";

const denied = (name: string, ask: Row["ask"], answer: string, unsealed: Row["unsealed"] = {}): Row => {
  return { name, ask, answer, unsealed };
};
const works = (name: string, ask: Row["ask"], answer: string, ...reaches: string[]): Row => {
  return { name, ask, answer, reaches };
};

const rows: Record<string, Row[]> = {
  "requests of the module behind": [
    works("that module's request", fetching("http://127.0.0.1:{web}/"), "status: 200", "web"),
    denied("that module's request elsewhere", fetching("http://127.0.0.1:{other}/"), refused),
    denied("the same request by itself", own("fetch", { authority: "127.0.0.1:{web}" }), refused),
  ],
  "files of the module behind": [
    works("that module's file", { script: ["read /data file"] }, "ok text-of-data", "the data"),
    denied("the same file by itself", own("read", { path: "/data/file" }), "error NotFound"),
    denied("to write it by itself", own("write", { path: "/data/file", text: "text" }), "error NotFound"),
  ],
  "connections of the module behind": [
    works("that module's connection", { get: "/tcp?addr=127.0.0.1&port={tcp}" }, "connect: ok", "tcp"),
    denied(
      "the same connection by itself",
      own("connect", { to: "127.0.0.1:{tcp}" }),
      "error PermissionDenied",
    ),
  ],
  "its own requests": [
    works("its own request", own("fetch", { authority: "127.0.0.1:{web}" }), "status: 200", "web"),
    denied("the module behind sends it", fetching("http://127.0.0.1:{web}/"), refused),
  ],
  "one key of two modules": [
    works("its own value", own("env"), "KEY=", "front's value"),
    works("the other module's value", { get: "/env" }, "KEY=", "back's value"),
  ],
  "a key of the module behind": [
    denied("the environment", own("env"), ""),
    works("that module's environment", { get: "/env" }, "KEY=", "back's value"),
  ],
  "a key by the name that the host has for the other's": [
    denied("the environment", own("env"), ""),
    works("the other module's environment", { get: "/env" }, "KEY=", "back's value"),
  ],
  "requests through a module that has a grant": [
    works("a request that is granted to that one", fetching("http://127.0.0.1:{web}/"), "status: 200", "web"),
    denied("a request that is granted to nobody", fetching("http://127.0.0.1:{other}/"), refused),
  ],
  "requests through a module without a grant": [
    denied("a request that is granted to itself", fetching("http://127.0.0.1:{web}/"), refused),
  ],
  "requests through a module with a wider grant": [
    works("a request that is granted to both", fetching("http://127.0.0.1:{web}/"), "status: 200", "web"),
    denied("a request that is granted to that one only", fetching("http://127.0.0.1:{other}/"), refused),
  ],
};

const through = (grants: NonNullable<World["grants"]>): World => ({
  modules: { asker: "client", courier: "courier" },
  links: [{ from: "asker", import: "wasi:http/outgoing-handler", to: "courier" }],
  grants,
});

export const neighbourAttacks: Family = {
  title: "Neighbours in a composition",
  worlds: {
    "requests of the module behind": behind("client", { back: http }),
    "files of the module behind": behind("files", { back: files }),
    "connections of the module behind": behind("sockets", { back: sockets }),
    "its own requests": behind("client", { front: http }),
    "one key of two modules": behind("echo", { front: key, back: key }),
    "a key of the module behind": behind("echo", { back: key }),
    "a key by the name that the host has for the other's": behind("echo", {
      front: { environment: ["BACK__KEY"] },
      back: key,
    }),
    "requests through a module that has a grant": through({ courier: http }),
    "requests through a module without a grant": through({ asker: http }),
    "requests through a module with a wider grant": through({
      asker: http,
      courier: { http: ["http://127.0.0.1:{web}", "http://127.0.0.1:{other}"] },
    }),
  },
  attacks: Object.entries(rows).flatMap(([world, each]) => each.map((row) => ({ world, ...row }))),
};
