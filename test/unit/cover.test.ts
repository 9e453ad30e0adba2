/** Which imports grants open, and what preview says about the others. */
import { describe, expect, test } from "vitest";
import { unknown } from "../../provider/schema/fields.ts";
import { covered, grant, http } from "./coverSetup.ts";

const rust = [{ field: "processed-by", name: "wit-bindgen-rust", version: "0.45.0" }];

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
