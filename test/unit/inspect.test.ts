import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { digestOf } from "../../provider/artifacts/digest.ts";
import { Inspector } from "../../provider/artifacts/inspect.ts";
import { inspectorVersion } from "../../provider/artifacts/inspection.ts";
import { loadModule } from "../../provider/artifacts/modules.ts";
import { Store } from "../../provider/artifacts/store.ts";
import { UserError } from "../../provider/errors.ts";
import { binary, component, importing } from "./inspectComponents.ts";

const script = join(import.meta.dirname, "../../provider/artifacts/inspectorProcess.ts");
let folder: string;
let store: Store;
let inspector: Inspector;
let sample: Uint8Array;

beforeAll(async () => {
  sample = await importing(
    ["wasi:http/types@0.2.3", "wasi:cli/environment@0.2.3"],
    [["language", [["Rust", "1.95.0"]]]],
  );
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "inspect-"));
  store = new Store({ folder });
  inspector = new Inspector(store, { script });
});

afterEach(() => inspector.close());
afterEach(() => rm(folder, { recursive: true, force: true }));

const load = (source: string | Uint8Array, options = {}) => loadModule(source, store, inspector, options);

async function file(content: string | Uint8Array): Promise<string> {
  const path = join(folder, "input.wasm");
  await writeFile(path, content);
  return path;
}

describe("a component", () => {
  test("is described by its full names, producers and versions", async () => {
    expect(await load(sample)).toEqual({
      digest: digestOf(sample),
      kind: "component",
      size: sample.length,
      imports: ["wasi:cli/environment@0.2.3", "wasi:http/types@0.2.3"],
      exports: ["run"],
      languages: ["Rust"],
      producers: expect.arrayContaining([{ field: "language", name: "Rust", version: "1.95.0" }]),
      wasiVersions: ["0.2.3"],
      wit: expect.stringContaining("import wasi:http/types@0.2.3;"),
      handles: [],
    });
  });

  test("names bare functions, resources and labelled interfaces, and leaves out types", async () => {
    const bytes = await component(`package test:module;
      world w {
        use other:types/t@1.0.0.{pair};
        import log: func(message: string);
        import primary: wasi:keyvalue/store@0.2.0-draft;
        import secondary: wasi:keyvalue/store@0.2.0-draft;
        resource handle;
        record point { x: u32 }
        import move: func(p: point, by: pair);
        import inner: interface { f: func(); }
        export answer: func() -> u32;
        export other:types/api@1.0.0;
        export backup: wasi:keyvalue/store@0.2.0-draft;
      }
      package wasi:keyvalue@0.2.0-draft { interface store { get: func(); } }
      package other:types@1.0.0 { interface t { record pair { a: u32, b: u32 } } interface api { f: func(); } }`);
    const { imports, exports, wasiVersions } = await load(bytes);
    expect(imports).toEqual([
      "handle",
      "inner",
      "log",
      "move",
      "other:types/t@1.0.0",
      "primary: wasi:keyvalue/store@0.2.0-draft",
      "secondary: wasi:keyvalue/store@0.2.0-draft",
    ]);
    expect(exports).toEqual(["answer", "backup: wasi:keyvalue/store@0.2.0-draft", "other:types/api@1.0.0"]);
    expect(wasiVersions).toEqual(["0.2.0-draft"]);
  });

  test("of WASI 0.3, with asynchronous functions, can be read", async () => {
    const bytes = await component(`package test:module;
      world w { import wasi:http/client@0.3.0; export run: async func(); }
      package wasi:http@0.3.0 { interface client { send: async func(x: stream<u8>) -> future<u8>; } }`);
    expect(await load(bytes)).toMatchObject({ imports: ["wasi:http/client@0.3.0"], wasiVersions: ["0.3.0"] });
  });

  test.each(["client", "needs-kv", "plain"])("%s is read as wasm-tools prints it", async (guest) => {
    const { imports, exports, wit } = await load(
      join(import.meta.dirname, `../fixtures/guests/${guest}.wasm`),
    );
    const printed = (word: string) =>
      [...wit.matchAll(new RegExp(`^  ${word} (.*);$`, "gm"))].map(([, name]) => name).sort();
    expect(imports).toEqual(printed("import"));
    expect(exports).toEqual(printed("export"));
  });

  test("without imports has none", async () => {
    expect(await load(await binary("(component)"))).toMatchObject({
      kind: "component",
      imports: [],
      exports: [],
    });
  });
});

describe("a core module", () => {
  test("names what it imports", async () => {
    const bytes = await binary(`(module
      (import "wasi_snapshot_preview1" "path_open" (func))
      (import "env" "memory" (memory 1))
      (func (export "_start")))`);
    expect(await load(bytes)).toMatchObject({
      kind: "core",
      imports: ["env#memory", "wasi_snapshot_preview1#path_open"],
      exports: ["_start"],
      wasiVersions: ["preview1"],
      wit: "",
    });
  });

  test("cannot steer a terminal by its names, nor make two of them look the same", async () => {
    const bytes = await binary(
      '(module (import "a\\1b[2J" "\\u{202e}b" (func)) (import "a\\\\u{1b}[2J" "b" (func)))',
    );
    const { imports } = await load(bytes);
    expect(imports).toEqual(["a\\u{1b}[2J#\\u{202e}b", "a\\u{5c}u{1b}[2J#b"]);
  });

  test("with an endless name or endlessly many is refused", async () => {
    await expect(load(await binary(`(module (func (export "${"x".repeat(5000)}")))`))).rejects.toThrow(
      /name of 5000/,
    );
    const many = Array.from({ length: 3000 }, (_, i) => `(export "${i}${"x".repeat(400)}" (func 0))`);
    await expect(load(await binary(`(module (func) ${many.join("")})`))).rejects.toThrow(
      /names .* are longer than/,
    );
  });
});

describe("what cannot be deployed is refused with what it is and what to do", () => {
  const header = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  test.each<[string, string | Uint8Array, RegExp]>([
    ["an empty file", "", /is empty\. Build the module again/],
    ["a file that ends within the magic number", header.subarray(0, 3), /ends after 3 bytes/],
    ["a file that ends within the header", header.subarray(0, 6), /ends after 6 bytes/],
    ["text", "hello", /is not WebAssembly: it begins with 68656c6c/],
    ["WAT", "(module)", /text \(WAT\).*wasm-tools parse/],
    ["WAT after a comment", ";; made by hand\n(component)", /text \(WAT\)/],
    ["WIT text", "package a:b@1.0.0;\nworld w {}", /WIT text/],
    ["a native image", "\x7fELF\x02\x01\x01", /native image \(ELF\).*precompiled/],
    ["gzip", Uint8Array.from([0x1f, 0x8b, 8, 0]), /gzip/],
    ["a zip", "PK\x03\x04", /zip/],
    ["a Git LFS pointer", "version https://git-lfs.github.com/spec/v1\n", /git lfs pull/],
    [
      "an unknown version",
      Uint8Array.from([0, 0x61, 0x73, 0x6d, 9, 0, 0, 0]),
      /unknown WebAssembly version 09000000/,
    ],
  ])("%s", async (_, content, message) => {
    const path = await file(content);
    const error = await load(path).catch((caught) => caught);
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toMatch(message);
    expect(error.message).toContain(path);
    await expect(load(typeof content === "string" ? Buffer.from(content) : content)).rejects.toThrow(message);
    expect(await readdir(folder)).toEqual(["input.wasm"]);
  });

  test("a WIT package in binary form", async () => {
    const bytes = await binary(`(component
      (type (component
        (type (component
          (type (instance (type (func)) (export "f" (func (type 0)))))
          (export "a:b/i" (instance (type 0)))))
        (export "a:b/w" (component (type 0)))))
      (export "w" (type 0)))`);
    const error = await load(bytes).catch((caught) => caught);
    expect(error.code).toBe("not-deployable");
    expect(error.message).toMatch(/WIT package/);
  });

  test("a component without its end; cut between two sections it is a component that exports nothing", async () => {
    let refused = 0;
    for (let length = 9; length < sample.length; length += Math.ceil(sample.length / 6)) {
      const result = await load(sample.subarray(0, length)).catch((error) => error);
      if (result.code === "invalid") refused += 1;
      else expect(result).toMatchObject({ exports: [] });
    }
    expect(refused).toBeGreaterThan(3);
  });

  test("a component with a damaged function body", async () => {
    const bytes = await binary('(component (core module (func (export "f") (result i32) i32.const 42)))');
    const at = Buffer.from(bytes).indexOf(Buffer.from([0x41, 42]));
    const damaged = Uint8Array.from(bytes);
    damaged[at] = 0x42;
    await expect(load(bytes)).resolves.toBeDefined();
    await expect(load(damaged)).rejects.toMatchObject({ code: "invalid" });
  });

  test("another module than the expected one", async () => {
    const expectedDigest = digestOf(Buffer.from("other"));
    const error = await load(sample, { expectedDigest }).catch((caught) => caught);
    expect(error.message).toContain(`but expectedDigest is ${expectedDigest}`);
    expect(error.property).toBe("expectedDigest");
    await expect(load(sample, { expectedDigest: digestOf(sample) })).resolves.toBeDefined();
  });
});

describe("the parser's process", () => {
  test("still reads good modules after one that breaks the parser", async () => {
    const breaks = await binary('(component (import "a:b/c@1.2.3" (func)))');
    await expect(load(breaks)).rejects.toMatchObject({ code: "invalid" });
    await expect(load(sample)).resolves.toMatchObject({ exports: ["run"] });
  });

  test("answers many callers at once, good and bad", async () => {
    const bad = await binary('(component (import "a:b/c@1.2.3" (func)))');
    const { digest } = await store.addBytes(sample);
    const other = await store.addBytes(await binary("(component)"));
    const wrong = await store.addBytes(bad);
    const all = [digest, wrong.digest, other.digest, digest, wrong.digest].map((each) =>
      inspector.inspect(each),
    );
    const results = await Promise.allSettled(all);
    expect(results.map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
      "rejected",
    ]);
  });

  test("ends when the caller cancels, and the next caller gets another", async () => {
    const stuck = await hanging(60_000);
    const controller = new AbortController();
    const { digest } = await store.addBytes(sample);
    const waiting = stuck.inspect(digest, { signal: controller.signal });
    setImmediate(() => controller.abort());
    await expect(waiting).rejects.toMatchObject({ code: "cancelled" });
    await expect(inspector.inspect(digest)).resolves.toBeDefined();
  });

  test("lets a caller that waits for its turn go at once", async () => {
    const stuck = await hanging(60_000);
    const { digest } = await store.addBytes(sample);
    const other = await store.addBytes(await binary("(component)"));
    const [first, second] = [new AbortController(), new AbortController()];
    const running = stuck.inspect(digest, { signal: first.signal });
    const waiting = stuck.inspect(other.digest, { signal: second.signal });
    setImmediate(() => second.abort());
    await expect(waiting).rejects.toMatchObject({ code: "cancelled" });
    first.abort();
    await expect(running).rejects.toMatchObject({ code: "cancelled" });
  });

  test("ends when a module takes too long", async () => {
    const stuck = await hanging();
    const { digest } = await store.addBytes(sample);
    await expect(stuck.inspect(digest)).rejects.toMatchObject({ code: "time-limit" });
  });

  test("that dies is an error, not the end of the provider", async () => {
    const path = join(folder, "dies.mjs");
    await writeFile(path, 'process.on("message", () => process.exit(3));');
    const { digest } = await store.addBytes(sample);
    await expect(new Inspector(store, { script: path }).inspect(digest)).rejects.toMatchObject({
      code: "invalid",
    });
  });

  /** An inspector whose worker never answers, as with bytes that the parser does not come to an end with. */
  async function hanging(timeoutMilliseconds = 200): Promise<Inspector> {
    const path = join(folder, "hangs.mjs");
    await writeFile(path, 'process.on("message", () => { for (;;); });');
    return new Inspector(store, { script: path, timeoutMilliseconds });
  }
});

describe("known bytes", () => {
  test("are not parsed again, by this or another provider", async () => {
    const first = await load(sample);
    const record = join(folder, "inspections", inspectorVersion, `${first.digest.slice(7)}.json`);
    await utimes(record, 0, 0);
    const none = new Inspector(store, { script: join(folder, "no-such-script.js") });
    expect(await loadModule(sample, store, none)).toEqual(first);
    expect((await stat(record)).mtimeMs).toBe(0);
  });

  test("are parsed again when their record is damaged or of other bytes", async () => {
    const first = await load(sample);
    const record = join(folder, "inspections", inspectorVersion, `${first.digest.slice(7)}.json`);
    const other = JSON.stringify({ ...first, digest: digestOf(Buffer.from("other")), imports: [] });
    for (const content of ["{", "{}", other]) {
      await writeFile(record, content);
      expect(await load(sample)).toEqual(first);
      expect(JSON.parse(await readFile(record, "utf8"))).toEqual(first);
    }
  });

  test("that changed in the cache are found before they are parsed", async () => {
    const { digest } = await store.addBytes(sample);
    await writeFile(store.path(digest), await binary("(component)"));
    await expect(inspector.inspect(digest)).rejects.toMatchObject({ code: "damaged" });
    expect(await store.has(digest)).toBe(false);
  });

  test("cannot be inspected when they are not there", async () => {
    await expect(inspector.inspect(digestOf(sample))).rejects.toMatchObject({ code: "not-found" });
  });
});

test("the provider's side loads no parser", () => {
  const modules = ["modules.ts", "inspect.ts", "store.ts"].map((name) =>
    join(import.meta.dirname, "../../provider/artifacts", name),
  );
  const code = `import { registerHooks } from "node:module";
    const refuse = (url) => { throw new Error("loads " + url); };
    registerHooks({ load: (url, context, next) => (/jco|preview2/.test(url) ? refuse(url) : next(url, context)) });
    for (const path of ${JSON.stringify(modules)}) await import(path);`;
  execFileSync(process.execPath, ["--input-type=module", "-e", code], { stdio: "pipe" });
});

test("the version of the inspector names the parser that is installed, so that an upgrade parses anew", async () => {
  const path = join(import.meta.dirname, "../../node_modules/@bytecodealliance/jco-transpile/package.json");
  const { version } = JSON.parse(await readFile(path, "utf8"));
  expect(inspectorVersion.split("-jco-transpile-")[1]).toBe(version);
});
