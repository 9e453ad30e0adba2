/** What languages bring in by themselves, told from what a program means. Real modules: `test/runtime/stock.test.ts`. */
import { describe, expect, test } from "vitest";
import type { Producer } from "../../provider/artifacts/inspection.ts";
import { cover } from "../../provider/capabilities/cover.ts";
import { habits } from "../../provider/capabilities/habits.ts";
import { meaningOf, parseImportName } from "../../provider/capabilities/vocabulary.ts";
import { grant } from "./coverSetup.ts";

const producer = (field: string, name: string, version = ""): Producer => ({ field, name, version });
const preview1 = (functions: string) => functions.split(" ").map((name) => `wasi_snapshot_preview1#${name}`);

const go = [producer("language", "Go", "go1.26.8"), producer("processed-by", "Go cmd/compile", "go1.26.8")];
const clang = [producer("language", "C11"), producer("processed-by", "clang", "22.1.8")];
const cpp = [...clang, producer("language", "C_plus_plus_14")];
const rustc = [producer("language", "Rust"), producer("processed-by", "rustc", "1.95.0")];
const python = [...rustc, producer("processed-by", "component-init-transform", "0.2.0")];

/** What a program in Go imports that prints a line by text/template. */
const goTemplate = preview1(
  "args_get args_sizes_get clock_time_get environ_get environ_sizes_get fd_close fd_fdstat_get " +
    "fd_fdstat_set_flags fd_filestat_get fd_filestat_set_size fd_pread fd_prestat_dir_name fd_prestat_get fd_pwrite " +
    "fd_read fd_readdir fd_seek fd_sync fd_write path_filestat_get poll_oneoff proc_exit random_get sched_yield " +
    "sock_accept sock_shutdown",
);
const cMain = preview1("args_get args_sizes_get fd_close fd_fdstat_get fd_seek fd_write proc_exit");
const tinyGo = [producer("language", "TinyGo")];
const folder = { path: "/data", access: "read", volume: "data" };
const environ = preview1("environ_get environ_sizes_get");

const covered = (imports: string[], producers: Producer[], exports: string[] = [], ...grants: object[]) =>
  cover({
    module: "main",
    inspection: { imports, exports, producers },
    grants: grants.map((inputs) => grant(inputs)),
    denied: [],
  });

test.each([
  ["Go", goTemplate, go],
  ["C", cMain, clang],
  ["C and C++", [...cMain, ...environ], cpp],
  ["Rust", environ, rustc],
  ["Python and Rust", ["wasi:sockets/tcp@0.2.9", "wasi:cli/environment@0.2.9"], python],
])("%s asks by itself, and nobody has to deny it", (language, imports, producers) => {
  const { errors, summary } = covered(imports, producers);
  expect(errors).toEqual([]);
  expect(summary).toContain(`denied, and asked for by ${language} itself: `);
});

test.each<[what: string, imports: string[], producers: Producer[], told: string[]]>([
  ["opens files in Go", [...goTemplate, ...preview1("path_open")], go, preview1("path_open")],
  ["reads its environment in C", [...cMain, ...environ], clang, environ],
  [
    "opens files in C++",
    [...cMain, ...environ, ...preview1("path_open fd_prestat_get")],
    cpp,
    preview1("path_open fd_prestat_get"),
  ],
  ["calls out in Python", ["wasi:http/outgoing-handler@0.2.9"], python, ["wasi:http/outgoing-handler@0.2.9"]],
])("a program that %s is told so in preview", (_what, imports, producers, told) => {
  expect(covered(imports, producers).errors.flatMap((error) => error.imports)).toEqual(told);
});

test("a build that strips its producers gets the line to paste", () => {
  const { errors } = covered(cMain, []);
  expect(errors).toHaveLength(1);
  expect(errors[0]?.message).toContain(
    'denied: ["wasi_snapshot_preview1#args_get", "wasi_snapshot_preview1#args_sizes_get"]',
  );
});

test("each habit says on what it rests", () => {
  const bare = habits.filter(({ evidence }) => !evidence.observed && !evidence.documented);
  expect(bare).toEqual([]);
});

describe("JavaScript by componentize-qjs, which names Rust alone", () => {
  const imports = [
    "wasi:filesystem/preopens@0.2.12",
    "wasi:cli/environment@0.2.12",
    "wasi:random/insecure-seed@0.2.12",
  ];
  const exports = ["init", "wasi:cli/run@0.2.0"];
  const qjs = [...rustc, producer("processed-by", "wit-component", "0.258.0")];

  test("is told by what it exports", () => {
    expect(covered(imports, qjs, exports)).toMatchObject({ errors: [], quietlyDenied: imports.slice(0, 2) });
    expect(covered(imports, qjs, ["wasi:cli/run@0.2.0"]).errors.flatMap((error) => error.imports)).toEqual(
      imports.slice(0, 1),
    );
  });

  test.each([
    ["a program in Rust", producer("processed-by", "wit-bindgen-rust", "0.45.0")],
    ["one that rests on wasi-libc", producer("processed-by", "wit-bindgen-c", "0.51.0")],
    ["Python", producer("processed-by", "component-init-transform", "0.2.0")],
  ])("is not %s that has an export of that name", (_what, own) => {
    const summary = covered(imports, [...qjs, own], exports, { filesystem: [folder] }).summary;
    expect(summary).not.toContain("JavaScript");
  });
});

describe("a language that does not start", () => {
  const stdio = preview1("fd_write fd_fdstat_get");
  const random = preview1("random_get");
  const streams = ["wasi:cli/stdout@0.2.9", "wasi:io/streams@0.2.9", "wasi:io/poll@0.2.9"];
  const clock = "wasi:clocks/monotonic-clock@0.2.9";
  const off = (ambient: string) => ({ ambient: { [ambient]: false } });

  test.each<[what: string, imports: string[], producers: Producer[], grants: object[]]>([
    ["Go without random", [...goTemplate, ...stdio], go, [off("random")]],
    ["Go without stdio, with files", [...goTemplate, ...stdio], go, [off("stdio"), { filesystem: [folder] }]],
    ["Python without random", ["wasi:random/random@0.2.9"], python, [off("random")]],
  ])("is named in a warning: %s", (what, imports, producers, grants) => {
    const [, language, , family] = /^(\w+) (without) (\w+)/.exec(what) ?? [];
    const { errors, warnings } = covered([...new Set(imports)], producers, [], ...grants);
    expect(errors).toEqual([]);
    expect(warnings).toEqual([
      `module main: ${language} does not start without ${family}, which its grants take away (ambient: { ${family}: false }); each call of the module traps. Leave ${family} on`,
    ]);
  });

  test.each<[what: string, imports: string[], producers: Producer[], grants: object[]]>([
    ["it only prints, to streams that trap", [...streams, "wasi:http/types@0.2.9"], python, [off("stdio")]],
    ["streams are silent in a core module", goTemplate, go, [off("stdio")]],
    ["nothing is taken away", ["wasi:random/random@0.2.9", ...streams], python, []],
    ["one grant leaves it on", random, go, [off("random"), { ambient: { random: true } }]],
    ["the module does not ask for it", streams, python, [off("random")]],
    ["the clock stands still", [clock], python, [off("clocks")]],
    ["the language does not need it", ["wasi:random/random@0.2.9"], tinyGo, [off("random")]],
  ])("is not feared for where %s", (_what, imports, producers, grants) => {
    expect(covered(imports, producers, [], ...grants).warnings).toEqual([]);
  });
});

test("each habit is an import that the vocabulary knows", () => {
  for (const name of habits.flatMap((habit) => habit.imports)) {
    const versioned = name.includes("#") ? name : `${name}@0.2.0`;
    expect([name, meaningOf(parseImportName(versioned)).kind]).toEqual([name, "opened"]);
  }
});
