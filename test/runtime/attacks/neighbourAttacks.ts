import type { Attack, Family, World } from "./attack.ts";

type Grants = NonNullable<World["grants"]>;

/** The neighbour stands in front, and passes on what it does not try itself. */
const behind = (back: string, grants: Grants, attacks: Attack[]): World => ({
  modules: { front: "neighbour", back },
  links: [{ from: "front", import: "wasi:http/incoming-handler", to: "back" }],
  grants,
  attacks,
});

/** The courier sends the requests that the other module hands to it. */
const through = (grants: Grants, attacks: Attack[]): World => ({
  modules: { asker: "client", courier: "courier" },
  links: [{ from: "asker", import: "wasi:http/outgoing-handler", to: "courier" }],
  grants,
  attacks,
});

const own = (what: string, query: Record<string, string> = {}) => ({ get: `/own/${what}`, query });
const web = "http://127.0.0.1:{web}";
const http = { http: [web] };
const files = { filesystem: [{ path: "/data", access: "write", volume: "volume" }] };
const sockets = { sockets: [{ protocol: "tcp", host: "127.0.0.1", ports: ["{tcp}"] }] };
const key = { environment: ["KEY"] };
const fetching = (url: string) => ({ get: "/fetch", query: { url } });
const refused = "error: HTTP-request-denied";

const denied = (name: string, ask: Attack["ask"], answer: string): Attack => ({ name, ask, answer });
const works = (name: string, ask: Attack["ask"], answer: string, reaches: string): Attack => {
  return { name, ask, answer, reaches: [reaches] };
};

export const neighbourAttacks: Family = {
  title: "Neighbours in a composition",
  worlds: {
    "requests and a key, to the module behind": behind("client", { back: { ...http, ...key } }, [
      works("that module's request", fetching(`${web}/`), "status: 200", "web"),
      denied("that module's request elsewhere", fetching("http://127.0.0.1:{other}/"), refused),
      denied("the same request by itself", own("fetch", { authority: "127.0.0.1:{web}" }), refused),
      denied("the key by itself", own("env"), ""),
    ]),
    "files, to the module behind": behind("files", { back: files }, [
      works("that module's file", { script: ["read /data file"] }, "ok text-of-data", "the data"),
      denied("the same file by itself", own("read", { path: "/data/file" }), "error NotFound"),
      denied("to write it by itself", own("write", { path: "/data/file", text: "text" }), "error NotFound"),
    ]),
    "connections, to the module behind": behind("sockets", { back: sockets }, [
      works("that module's connection", { get: "/tcp?addr=127.0.0.1&port={tcp}" }, "connect: ok", "tcp"),
      denied(
        "the same connection by itself",
        own("connect", { to: "127.0.0.1:{tcp}" }),
        "error PermissionDenied",
      ),
    ]),
    "requests, to the module in front": behind("client", { front: http }, [
      works("its own request", own("fetch", { authority: "127.0.0.1:{web}" }), "status: 200", "web"),
      denied("the same request by the module behind", fetching(`${web}/`), refused),
    ]),
    "one key, to both": behind(
      "echo",
      { front: { environment: ["KEY", "BACK__KEY", "FRONT__KEY"] }, back: key },
      [
        works(
          "its own environment, asking for the other's by the host's name",
          own("env"),
          "KEY=",
          "front's value",
        ),
        works("the other module's environment", { get: "/env" }, "KEY=", "back's value"),
      ],
    ),
    "requests, to a module that sends those of another": through({ courier: http }, [
      works("a request that is granted to that one", fetching(`${web}/`), "status: 200", "web"),
      denied("a request that is granted to nobody", fetching("http://127.0.0.1:{other}/"), refused),
    ]),
    "requests, to the module that has them sent": through({ asker: http }, [
      denied("a request that the sender may not send", fetching(`${web}/`), refused),
    ]),
    "fewer requests, to the module that has them sent": through(
      { asker: http, courier: { http: [web, "http://127.0.0.1:{other}"] } },
      [
        works("a request that is granted to both", fetching(`${web}/`), "status: 200", "web"),
        denied(
          "a request that is granted to the sender only",
          fetching("http://127.0.0.1:{other}/"),
          refused,
        ),
      ],
    ),
  },
};
