import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { digestOf } from "../../provider/artifacts/digest.ts";
import { inspectBytes } from "../../provider/artifacts/inspectBytes.ts";
import type { Inspection } from "../../provider/artifacts/inspection.ts";
import { type CoverInput, cover } from "../../provider/capabilities/cover.ts";
import { type Grant, grantOf } from "../../provider/capabilities/grant.ts";
import { grantFields } from "../../provider/capabilities/grantFields.ts";
import { habits, needs } from "../../provider/capabilities/habits.ts";
import { meaningOf, parseImportName } from "../../provider/capabilities/vocabulary.ts";
import { unknown } from "../../provider/schema/fields.ts";

const grant = (inputs: unknown, name = "g"): Grant => grantOf(name, grantFields.parse(inputs));

function covered(
  imports: string[],
  input: Partial<CoverInput> = {},
  producers: Inspection["producers"] = [],
) {
  return cover({ module: "main", inspection: { imports, producers }, grants: [], denied: [], ...input });
}

const rust = [{ field: "processed-by", name: "wit-bindgen-rust", version: "0.45.0" }];
const http = "wasi:http/outgoing-handler@0.2.3";

describe("an import that no grant covers", () => {
  test("is an error with the lines to paste", () => {
    const { errors } = covered([http]);
    expect(errors).toEqual([
      {
        imports: [http],
        message: `module main imports ${http}, and no grant covers it. Grant what it may reach, for example http: ["https://api.example.com"] or calls: ["app"]. Or deny: denied: ["wasi:http/outgoing-handler"]`,
      },
    ]);
  });

  test("shares its error with those that the same line opens", () => {
    const { errors } = covered([
      "wasi:sockets/tcp@0.2.0",
      "wasi:sockets/udp@0.2.0",
      "wasi:sockets/tcp-create-socket@0.2.0",
      "fermyon:spin/sqlite@2.0.0",
      "spin:sqlite/sqlite@3.0.0",
    ]);
    expect(errors.map(({ imports }) => imports.length)).toEqual([2, 1, 2]);
    expect(errors[0]?.message).toMatch(
      /protocol: "tcp".*denied: \["wasi:sockets\/tcp", "wasi:sockets\/tcp-create-socket"\]/,
    );
    expect(errors[1]?.message).toMatch(/protocol: "udp".*denied: \["wasi:sockets\/udp"\]/);
  });

  test.each<[string, RegExp]>([
    ["wasi:filesystem/preopens@0.2.3", /filesystem: \[\{ path/],
    ["wasi:cli/environment@0.2.3", /environment: \["KEY"\]/],
    ["wasi:config/store@0.2.0-rc.1", /config: \["key"\]/],
    ["wasi:keyvalue/store@0.2.0-draft2", /keyValue: \["store"\]/],
    ["cache: wasi:keyvalue/store@0.2.0-draft", /keyValue: \["store"\].*denied: \["wasi:keyvalue\/store"\]/],
    ["fermyon:spin/sqlite@2.0.0", /sql: \["database"\]/],
    ["spin:sqlite/sqlite@3.1.0", /Version 3\.1\.0 .* is not known here; known: 3\.0\.0/],
    ["wasmcloud:messaging/consumer@0.2.0", /messaging: \["subject"\]/],
    ["acme:ai/model@1.2.0", /interfaces: \["acme:ai\/model@1\.2\.0"\]/],
    [
      "wasi:http/outgoing-handler@0.2.13",
      /Version 0\.2\.13 .* is not known here; known: 0\.2\.0 to 0\.2\.12/,
    ],
    ["wasi:http/types@0.2.0-rc-2023-11-10", /Version 0\.2\.0-rc-2023-11-10 .* not known/],
    ["wasi:io/streams@0.2.99", /not known/],
    ["wasi:http/outgoing-handler", /Version \(none\)/],
    ["wasi:http/client@0.3.0", /WASI 0\.3 is not supported yet/],
    ["wasi:cli/environment@0.3.0", /WASI 0\.3 is not supported yet/],
    ["wasi:clocks/system-clock@0.3.0-rc-2025-09-16", /WASI 0\.3 is not supported yet/],
    ["log", /plain name/],
    ["env#memory", /No runtime provides it/],
    ["wasi_unstable#path_open", /No runtime provides it/],
    ["wasi_snapshot_preview1#path_open", /filesystem/],
  ])("%s", (name, message) => {
    const { errors, open } = covered([name]);
    expect(errors.map(({ imports }) => imports)).toEqual([[name]]);
    expect(errors[0]?.message).toMatch(message);
    expect(open).toEqual({});
  });

  test("can be denied by its name, with or without its version", () => {
    const name = "wasi:sockets/tcp@0.2.3";
    for (const denied of [name, "wasi:sockets/tcp"]) {
      expect(covered([name, "log"], { denied: [denied, "log"] })).toMatchObject({
        errors: [],
        denied: [name, "log"],
        open: {},
      });
    }
    expect(covered([name], { denied: ["wasi:sockets"] }).errors).toHaveLength(1);
    expect(covered([name], { denied: ["wasi:sockets/tcp@0.2.4"] }).errors).toHaveLength(1);
  });
});

describe("a grant", () => {
  test("opens the imports of its family and no others", () => {
    const imports = [http, "wasi:sockets/tcp@0.2.0"];
    const { errors, open } = covered(imports, { grants: [grant({ http: ["https://a.com"] })] });
    expect(open.http).toEqual([http]);
    expect(errors.map((error) => error.imports)).toEqual([["wasi:sockets/tcp@0.2.0"]]);
  });

  test("by name opens exactly that interface and version", () => {
    const grants = [grant({ interfaces: ["acme:ai/model@1.2.0"] })];
    expect(covered(["acme:ai/model@1.2.0", "fast: acme:ai/model@1.2.0"], { grants }).errors).toEqual([]);
    expect(covered(["acme:ai/model@1.2.1"], { grants }).errors).toHaveLength(1);
  });

  test("of nothing opens nothing", () => {
    expect(covered([http], { grants: [grant({ http: [] })] }).errors).toHaveLength(1);
  });

  test("and a denial of the same import contradict each other", () => {
    const grants = [grant({ http: ["https://a.com"] })];
    const { errors, denied } = covered([http], { grants, denied: ["wasi:http/outgoing-handler"] });
    expect(errors[0]?.message).toMatch(/a grant opens it \(http\)/);
    expect(denied).toEqual([]);
  });

  test("whose family no import uses is a warning that names the entries", () => {
    const grants = [grant({ http: ["https://a.com"], environment: ["A", "B"] }, "stripe")];
    const { warnings, errors } = covered([http], { grants });
    expect(errors).toEqual([]);
    expect(warnings).toEqual([
      "grant stripe: no import of module main uses environment A, environment B; remove it, or correct the module",
    ]);
  });

  describe("for sockets of one protocol", () => {
    const socket = (protocol: string) => ({ host: "10.0.0.0/8", protocol, ports: ["1"] });
    const socketsOf = (protocol: string) =>
      [protocol, `${protocol}-create-socket`].map((name) => `wasi:sockets/${name}@0.2.3`);
    const handles = ["wasi:sockets/network@0.2.3", "wasi:sockets/instance-network@0.2.3"];
    const all = [...socketsOf("tcp"), ...socketsOf("udp"), ...handles];

    test.each([
      ["tcp", "udp"],
      ["udp", "tcp"],
    ])("opens %s, not %s", (one, other) => {
      const grants = [grant({ sockets: [socket(one)] })];
      const { errors, open } = covered(all, { grants });
      expect(open).toEqual({ sockets: [...socketsOf(one), ...handles] });
      expect(errors.map(({ imports }) => imports)).toEqual([socketsOf(other)]);
      const denied = socketsOf(other);
      expect(covered(all, { grants, denied })).toMatchObject({ errors: [], denied, warnings: [] });
      const [contradiction] = covered(all, { grants, denied: socketsOf(one) }).errors;
      expect(contradiction?.message).toMatch(/a grant opens it \(sockets\)/);
    });

    test("opens both where both are granted, by whichever grants", () => {
      const grants = [grant({ sockets: [socket("tcp")] }, "a"), grant({ sockets: [socket("udp")] }, "b")];
      expect(covered(all, { grants })).toMatchObject({ errors: [], open: { sockets: all } });
    });

    test("leaves the other to an entry that is not known yet", () => {
      const { errors, open, undecided } = covered(all, {
        grants: [grant({ sockets: [socket("tcp"), unknown] })],
      });
      expect(errors).toEqual([]);
      expect(undecided).toEqual(socketsOf("udp"));
      expect(open).toEqual({ sockets: [...socketsOf("tcp"), ...handles] });
    });

    test("is not what a look-up opens", () => {
      const { errors, open } = covered(all, { grants: [grant({ nameLookup: ["db.example.com"] })] });
      expect(open).toEqual({ nameLookup: handles });
      expect(errors.map(({ imports }) => imports)).toEqual([socketsOf("tcp"), socketsOf("udp")]);
    });

    test("leaves the other to the language that brings both in", () => {
      const python = [{ field: "processed-by", name: "component-init-transform", version: "0" }];
      expect(covered(all, { grants: [grant({ sockets: [socket("tcp")] })] }, python)).toMatchObject({
        errors: [],
        quietlyDenied: socketsOf("udp"),
      });
    });
  });

  test("for a socket to a name needs the look-up of that name", () => {
    const imports = ["wasi:sockets/tcp@0.2.0", "wasi:sockets/ip-name-lookup@0.2.0"];
    const sockets = [{ host: "db.example.com", protocol: "tcp", ports: ["1"] }];
    expect(covered(imports.slice(0, 1), { grants: [grant({ sockets })] }).warnings.join()).toMatch(
      /nameLookup: \["db\.example\.com"\]/,
    );
    expect(
      covered(imports, { grants: [grant({ sockets }), grant({ nameLookup: ["*.example.com"] })] }).warnings,
    ).toEqual([]);
  });

  test("that puts another volume at a path of another grant is an error", () => {
    const at = (volume: string) => ({ filesystem: [{ path: "/data", access: "read", volume }] });
    const grants = [grant(at("one"), "a"), grant(at("two"), "b")];
    expect(covered(["wasi:filesystem/preopens@0.2.0"], { grants }).errors[0]?.message).toMatch(
      /grants a and b put different volumes at \/data/,
    );
    expect(
      covered(["wasi:filesystem/preopens@0.2.0"], { grants: [grant(at("one")), grant(at("one"))] }).errors,
    ).toEqual([]);
  });
});

describe("ambient imports", () => {
  const imports = ["wasi:clocks/wall-clock@0.2.0", "wasi:random/random@0.2.0", "wasi:cli/stdout@0.2.0"];
  test("are open unless a grant narrows them", () => {
    expect(Object.keys(covered(imports).open)).toEqual(["clocks", "random", "stdio"]);
    const narrowed = covered(imports, { grants: [grant({ ambient: { clocks: false } })] });
    expect(narrowed.errors.map((error) => error.imports)).toEqual([["wasi:clocks/wall-clock@0.2.0"]]);
  });

  test("are narrowed by a grant, not by a denial, which targets could not keep", () => {
    expect(covered(imports, { denied: ["wasi:random/random"] }).errors[0]?.message).toMatch(
      /ambient: \{ random: false \}/,
    );
  });
});

describe("what the language brings in", () => {
  test("is denied quietly, in one line", () => {
    const result = covered(
      ["wasi:cli/environment@0.2.6", http],
      { grants: [grant({ http: ["https://a.com"] })] },
      rust,
    );
    expect(result).toMatchObject({ errors: [], quietlyDenied: ["wasi:cli/environment@0.2.6"], warnings: [] });
    expect(result.summary).toBe(
      "module main: denied, and asked for by Rust itself: wasi:cli/environment@0.2.6",
    );
  });

  test("is open when a grant names it", () => {
    const result = covered(["wasi:cli/environment@0.2.6"], { grants: [grant({ environment: ["A"] })] }, rust);
    expect(result).toMatchObject({
      quietlyDenied: [],
      summary: undefined,
      open: { environment: ["wasi:cli/environment@0.2.6"] },
    });
  });

  test("is an error for a producer that nobody knows, and beyond the habits of a known one", () => {
    const stranger = [{ field: "language", name: "Brainfuck", version: "1" }];
    expect(covered(["wasi:cli/environment@0.2.6"], {}, stranger).errors).toHaveLength(1);
    expect(covered(["wasi:filesystem/preopens@0.2.6"], {}, rust).errors).toHaveLength(1);
  });
});

describe("what is not known yet in preview", () => {
  test("keeps imports undecided that it could open, and no others", () => {
    const imports = [http, "wasi:sockets/tcp@0.2.0", "log", "wasi:http/client@0.3.0"];
    const partly = covered(imports, { grants: [grant({ http: [unknown] })] });
    expect(partly.undecided).toEqual([http]);
    expect(partly.errors.map((error) => error.imports[0])).toEqual(imports.slice(1));
    const wholly = covered(imports, { grants: [unknown] });
    expect(wholly.undecided).toEqual(imports.slice(0, 2));
    expect(wholly.errors.map((error) => error.imports[0])).toEqual(imports.slice(2));
  });

  test("could be a denial of anything", () => {
    expect(covered([http, "log"], { denied: [unknown] })).toMatchObject({
      errors: [],
      undecided: [http, "log"],
    });
  });

  test("does not hide what is known", () => {
    expect(covered([http], { grants: [grant({ http: ["https://a.com", unknown] })] }).open.http).toEqual([
      http,
    ]);
  });
});

test("structural interfaces need nothing, and denying them is an error", () => {
  const imports = [
    "wasi:io/streams@0.2.6",
    "wasi:http/types@0.2.6",
    "wasi:cli/exit@0.2.6",
    "wasi:cli/terminal-stdin@0.2.6",
  ];
  expect(covered(imports)).toMatchObject({ errors: [], open: {}, warnings: [], quietlyDenied: [] });
  expect(covered(imports, { denied: ["wasi:io/streams"] }).errors).toHaveLength(1);
});

test("a denial of what the module does not import is a warning", () => {
  expect(covered([], { denied: ["wasi:sockets/tcp"] }).warnings).toEqual([
    'denied: module main has no import "wasi:sockets/tcp"; remove it',
  ]);
});

describe("real components", () => {
  const folder = join(import.meta.dirname, "../fixtures/guests");
  const guests = new Map<string, Inspection>();
  beforeAll(async () => {
    for (const name of readdirSync(folder).filter((each) => each.endsWith(".wasm"))) {
      const bytes = readFileSync(join(folder, name));
      guests.set(name.replace(".wasm", ""), await inspectBytes(bytes, digestOf(bytes)));
    }
  });
  const guest = (name: string) => guests.get(name) as Inspection;
  const sockets = (protocol: string) => ({ host: "127.0.0.1", protocol, ports: ["1"] });

  test.each<[string, object, string[]]>([
    ["echo", {}, []],
    ["client", { http: ["http://localhost"] }, []],
    ["client", {}, ["wasi:http/outgoing-handler@0.2.4"]],
    ["files", { filesystem: [{ path: "/d", access: "read", volume: "v" }] }, []],
    ["config", { config: ["a"] }, []],
    ["sockets", { sockets: [sockets("tcp"), sockets("udp")], nameLookup: ["a.example"] }, []],
    [
      "sockets",
      { sockets: [sockets("tcp")], nameLookup: ["a.example"] },
      ["wasi:sockets/udp-create-socket@0.2.6", "wasi:sockets/udp@0.2.6"],
    ],
    ["needs-kv", {}, ["acme:auth/check@1.2.0", "wasi:keyvalue/store@0.2.0-draft"]],
    ["plain", {}, []],
  ])("%s with %j lacks a grant for %j", (name, inputs, expected) => {
    const { errors, quietlyDenied } = cover({
      module: "main",
      inspection: guest(name),
      grants: [grant(inputs)],
      denied: [],
    });
    expect(errors.flatMap(({ imports }) => imports).sort()).toEqual(expected);
    expect(quietlyDenied).toEqual(name === "plain" ? [] : ["wasi:cli/environment@0.2.6"]);
  });

  test("tell what the program means from what Rust brings in", () => {
    expect(needs(guest("client"))).toEqual({
      program: ["wasi:clocks/monotonic-clock@0.2.6", "wasi:http/outgoing-handler@0.2.4"],
      language: [
        "wasi:cli/environment@0.2.6",
        "wasi:cli/stderr@0.2.6",
        "wasi:cli/stdin@0.2.6",
        "wasi:cli/stdout@0.2.6",
      ],
    });
  });
});

test("each habit is an import that the vocabulary knows", () => {
  for (const name of habits.flatMap((habit) => habit.imports)) {
    const versioned = name.includes("#") ? name : `${name}@0.2.0`;
    expect([name, meaningOf(parseImportName(versioned)).kind]).toEqual([name, "opened"]);
  }
});
