/** What languages bring in by themselves, told from what a program means. Real modules: `test/runtime/stock.test.ts`. */
import { expect, test } from "vitest";
import type { Producer } from "../../provider/artifacts/inspection.ts";
import { cover } from "../../provider/capabilities/cover.ts";
import { habits } from "../../provider/capabilities/habits.ts";

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
const environ = preview1("environ_get environ_sizes_get");

const covered = (imports: string[], producers: Producer[]) =>
  cover({ module: "main", inspection: { imports, producers }, grants: [], denied: [] });

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
