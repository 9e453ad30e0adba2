/** The room that programs in Go have for the adapter; `test/runtime/stock.test.ts` runs real ones. */
import { metadataAdd } from "@bytecodealliance/jco-transpile/wasm-tools";
import { describe, expect, test } from "vitest";
import { NoRoom, withRoomForAdapter } from "../../provider/artifacts/compose/goMemory.ts";
import { Workshop } from "./composeSetup.ts";
import { binary } from "./inspectComponents.ts";

interface Instance {
  exports: {
    memory: { buffer: ArrayBuffer };
    cabi_realloc(old: number, oldSize: number, align: number, size: number): number;
  };
}
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: Instance }> };
};

const page = 65_536;
const pages = 20;
const table = 4096;
const moduleData = 8192;
/** Begin and end of noptrdata, data, bss, noptrbss and coverage counters, and the end, as Go's linker lays them out. */
const row = [4096, 9000, 9024, 12_000, 12_032, 40_000, 40_000, 70_000, 70_000, 70_000, 70_000];
const fieldOfEnd = moduleData + 8 * (5 + row.length - 1);

interface Form {
  row?: number[];
  memory?: string;
  header?: string;
  parts?: string;
  data?: string;
  imports?: string;
}

/** As little of a program in Go as there can be: no more than what its linker writes for the runtime. */
function program(form: Form = {}): Promise<Uint8Array> {
  const globals = ["i32", "i64", "i64", "i64", "i64", "i64", "i64", "i32"];
  const fields = [table, 1, 1, 0, 0, ...(form.row ?? row)];
  return binary(`(module
    (import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32))) ${form.imports ?? ""}
    (memory (export "memory") ${form.memory ?? pages})
    ${globals.map((type) => `(global (mut ${type}) (${type}.const 0))`).join(" ")}
    (func (export "_start")) ${form.parts ?? ""}
    (data (i32.const ${table}) "${form.header ?? "\\f1\\ff\\ff\\ff\\00\\00\\01\\08"}")
    (data (i32.const ${moduleData}) "${fields.map(int64).join("")}") ${form.data ?? ""})`);
}

function int64(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
}

async function instantiated(bytes: Uint8Array) {
  const { instance } = await WebAssembly.instantiate(withRoomForAdapter(bytes), {
    wasi_snapshot_preview1: { random_get: () => 0 },
  });
  const { memory, cabi_realloc: realloc } = instance.exports;
  return { realloc, memory: new DataView(memory.buffer) };
}

describe("a program in Go", () => {
  test("has pages behind its data, of which its runtime is told", async () => {
    const { memory, realloc } = await instantiated(await program());
    const begin = 2 * page;
    expect(realloc(0, 0, 8, page)).toBe(begin);
    expect(realloc(0, 0, 1, 3)).toBe(begin + page);
    expect(realloc(0, 0, 16, page)).toBe(begin + page + 16);
    // The runtime rounds up to pages, and takes all from there to the end of the memory.
    expect(memory.getBigUint64(fieldOfEnd, true)).toBe(70_000n + 4n * BigInt(page));
    expect(memory.byteLength).toBe((pages + 4) * page);
  });

  test("hands out no more than that, and moves nothing", async () => {
    const { realloc } = await instantiated(await program());
    expect(() => realloc(0, 0, 1, 4 * page + 1)).toThrow();
    expect(() => realloc(0, 0, 8, -8)).toThrow();
    expect(() => realloc(2 * page, 8, 8, 16)).toThrow();
    expect(realloc(0, 0, 1, 4 * page)).toBe(2 * page);
    expect(() => realloc(0, 0, 1, 1)).toThrow();
  });

  test.each<[what: string, form: Form]>([
    ["counts what code covers", { row: [...row.slice(0, 8), 60_000, 70_000, 70_000] }],
    ["says how many segments its data have", { parts: "(func data.drop 0)" }],
    ["has data that end in zeros", { row: [4096, 9000, 9024, 30_000, 30_016, ...row.slice(5)] }],
  ])("has them where it %s", async (_what, form) => {
    const { realloc } = await instantiated(await program(form));
    expect(realloc(0, 0, 8, page)).toBe(2 * page);
  });

  test.each<[what: string, form: Form]>([
    ["whose table of functions is not known", { header: "\\f1\\ff\\ff\\ff\\00\\00\\04\\08" }],
    ["whose ranges do not follow one another", { row: [...row.slice(0, 4), 30_000, ...row.slice(5)] }],
    ["whose data lie where its runtime says nothing is", { data: '(data (i32.const 50000) "x")' }],
    ["whose memory ends before its data", { row: [...row.slice(0, 10), 2_000_000] }],
    ["whose addresses are no addresses", { row: [4096, 2 ** 40, ...row.slice(2)] }],
    ["whose data the program copies itself", { data: '(data "x")' }],
    ["whose memory has a limit", { memory: "20 40" }],
    [
      "that seems to be two",
      { data: `(data (i32.const 11000) "${[table, 1, ...row].map(int64).join("")}")` },
    ],
    ["with types of its own", { parts: '(@custom "component-type:w" "x")' }],
    ["that imports more than functions", { imports: '(import "env" "table" (table 0 funcref))' }],
  ])("is refused %s", async (_what, form) => {
    const bytes = await program(form);
    expect(() => withRoomForAdapter(bytes)).toThrow(NoRoom);
  });

  test("stays as it is where it hands out memory itself", async () => {
    const bytes = await program({
      parts: '(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)',
    });
    expect(withRoomForAdapter(bytes)).toBe(bytes);
  });

  test("is known by what its linker says, where its globals are others", async () => {
    for (const parts of ['(@custom "go:buildid" "x")', '(@producers (language "Go" "go1.26.8"))']) {
      const bytes = await binary(`(module (memory (export "memory") 1) ${parts})`);
      expect(() => withRoomForAdapter(bytes)).toThrow(NoRoom);
    }
  });
});

test("programs in other languages stay as they are", async () => {
  for (const parts of ["", '(@producers (language "Rust" "1.95"))', '(@custom "producers" "\\ff")']) {
    const bytes = await binary(`(module (memory (export "memory") 1) (global i32 (i32.const 0)) ${parts})`);
    expect(withRoomForAdapter(bytes)).toBe(bytes);
  }
});

describe("a composition", () => {
  test("refuses what TinyGo made, and says why", async () => {
    const shop = await Workshop.open();
    const bytes = await binary(
      '(module (import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32))) (memory (export "memory") 1) (func (export "_start")))',
    );
    const tiny = await metadataAdd(bytes, [["processed-by", [["TinyGo", "0.39.0"]]]]);
    expect(await shop.problems({ modules: { main: await shop.add(tiny, "core") } })).toEqual([
      {
        path: "modules.main",
        message:
          "Module `main`: It is a core module and cannot be adapted as a command: TinyGo's runtime would overwrite what the adapter keeps in its memory, for the program exports no `cabi_realloc`. Build `main` as a component, for instance for wasm32-wasip2.",
      },
    ]);
  });

  test("makes components of programs in Go", async () => {
    const shop = await Workshop.open();
    const main = await shop.add(
      await program({ parts: "(func (drop (call 0 (i32.const 0) (i32.const 0))))" }),
      "core",
    );
    const { exports } = await shop.composer.compose({ modules: { main } });
    expect(exports).toEqual([expect.stringMatching(/^wasi:cli\/run@/)]);
  });
});
