/** Components and texts that are made to get past a seal, or past those who tell what is sealed. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { CompositionModule } from "../../provider/artifacts/compose/index.ts";
import { wasiStub } from "../../provider/artifacts/compose/wasiStub.ts";
import { Workshop, wit } from "./composeSetup.ts";
import { binary } from "./inspectComponents.ts";
import { granted, seal } from "./proofSetup.ts";

const shop = await Workshop.open();
const environment = "wasi:cli/environment@0.2.0";
const later = "wasi:cli/environment@0.2.6";
const functions =
  "get-environment: func() -> list<tuple<string, string>>; get-arguments: func() -> list<string>; initial-cwd: func() -> option<string>;";
const inWat = `
  (export "get-environment" (func (result (list (tuple string string)))))
  (export "get-arguments" (func (result (list string))))
  (export "initial-cwd" (func (result (option string))))`;
const key = granted({ environment: ["KEY"] });
const user = await shop.module(
  `import ${environment}; export acme:a/a;`,
  wit(environment, functions) + wit("acme:a/a"),
);
const server = await shop.module(`export ${environment};`, wit(environment, functions));

/** A component that exports `acme:a/a` and has these parts besides. */
async function written(parts: string): Promise<CompositionModule> {
  const code = `(core module $code (func (export "f"))) (core instance $made (instantiate $code))
    (func $f (canon lift (core func $made "f")))
    (instance $a (export "f" (func $f))) (export "acme:a/a" (instance $a))`;
  return shop.add(await binary(`(component ${parts} ${code})`));
}

describe("a module that imports an interface in two versions", () => {
  const both = () =>
    written(`(import "${environment}" (instance ${inWat})) (import "${later}" (instance ${inWat}))`);

  test("is denied both", async () => {
    const { imports } = await shop.composer.compose({ modules: { both: await both() }, access: {} });
    expect(imports).toEqual([]);
  });

  test("is guarded in both", async () => {
    const { expected } = await seal(shop, { modules: { both: await both() }, access: { both: key } });
    expect(expected.modules.both?.guarded).toEqual({ [environment]: "environment", [later]: "environment" });
  });

  test.each([environment, later])("is guarded in one, where it is denied %s", async (denied) => {
    const access = { both: { ...key, denied: [denied] } };
    const { imports } = await shop.composer.compose({ modules: { both: await both() }, access });
    expect(imports).toEqual([environment]);
  });

  test.each([environment, later])("has two sources for one guard, where %s is linked", async (linked) => {
    const modules = { both: await both(), server };
    const links = [{ from: "both", import: linked, to: "server" }];
    expect(await shop.problems({ modules, links, access: { both: key } })).toEqual([
      {
        path: "modules.both",
        message: expect.stringContaining(`\`${environment}\` and \`${later}\` come from different places`),
      },
    ]);
    const { imports } = await shop.composer.compose({ modules, links, access: {} });
    expect(imports).toEqual([]);
  });
});

describe("an import of the rules' interface", () => {
  const rules = "pulumi-wasm:guard/rules";
  const text = wit(rules, "text: func() -> string;");
  const reader = () =>
    shop.module(
      `import ${rules}; import ${environment}; export acme:a/a;`,
      text + wit(environment, functions) + wit("acme:a/a"),
    );

  test("is denied as any other", async () => {
    const modules = { reader: await reader() };
    const { imports } = await shop.composer.compose({ modules, access: { reader: key } });
    expect(imports).toEqual([environment]);
  });

  test("takes what a neighbour gives, which its guards do not", async () => {
    const modules = { reader: await reader(), liar: await shop.module(`export ${rules};`, text) };
    const { digest } = await shop.composer.compose({ modules, access: { reader: key } });
    const { sealed } = await shop.inspector.inspect(digest);
    expect(sealed?.find(({ name }) => name === "reader")).toMatchObject({
      rules: { rules: { environment: ["KEY"] } },
      linked: [rules],
    });
  });
});

describe("a denial", () => {
  const silent = granted({ ambient: { clocks: false } });

  test.each(["string", "f32", "f64", "u8", "u64", "bool", "(list u8)", "(tuple f32 u64)"])(
    "of functions that are not what they are called answers %s",
    async (type) => {
      const odd = (name: string, item: string) =>
        `(import "${name}" (instance (export "${item}" (func (result ${type})))))`;
      const module = await written(
        odd("wasi:clocks/monotonic-clock@0.2.0", "now") +
          odd("wasi:clocks/wall-clock@0.2.0", "now") +
          odd("wasi:config/store@0.2.0-rc.1", "get-all") +
          odd("wasi:sockets/instance-network@0.2.0", "instance-network"),
      );
      const { imports } = await shop.composer.compose({ modules: { module }, access: { module: silent } });
      expect(imports).toEqual([]);
    },
  );

  test("of interfaces that have types in common gives each its names in order", async () => {
    const module = await shop.module(
      "import acme:x/two; export acme:a/a;",
      `package acme:x {
        interface one { resource r { s: static func(); } enum err { a } record rec { e: err } }
        interface two { use one.{rec, err}; g: func(a: rec, b: err); }
      } ${wit("acme:a/a")}`,
    );
    const { imports } = await shop.composer.compose({ modules: { module }, access: {} });
    expect(imports).toEqual([]);
  });

  test("of a resource that has other names as well knows its methods by its own", async () => {
    const types =
      "resource fields { constructor(); get: func() -> string; } type headers = fields; type trailers = fields; f: func(x: headers) -> trailers;";
    const module = await shop.module(
      "import acme:http/types; export acme:a/a;",
      wit("acme:http/types", types) + wit("acme:a/a"),
    );
    const { imports } = await shop.composer.compose({ modules: { module }, access: {} });
    expect(imports).toEqual([]);
  });

  test.each([
    ["component", '(import "wasi:io/poll@0.2.0" (component))'],
    ["component", '(import "tool" (component))'],
    ["core module", '(import "wasi:io/poll@0.2.0" (core module))'],
    ["core module", '(import "tool" (core module))'],
  ])("of a %s is none, and preview says so", async (sort, parts) => {
    const module = await written(parts);
    const [problem, ...others] = await shop.problems({ modules: { module }, access: {} });
    expect(others).toEqual([]);
    expect(problem?.path).toBe("modules.module");
    expect(problem?.message).toContain(`it imports the ${sort}`);
  });
});

test("a panic of the composer is told with its reason, not with its place", () => {
  interface Stream {
    subscribe(): { block(): void };
    write(bytes: Uint8Array): void;
  }
  const { imports, message } = wasiStub();
  const { getStderr } = imports["wasi:cli/stderr"] as { getStderr(): Stream };
  // Rust waits for the stream before it writes to it.
  const stream = getStderr();
  stream.subscribe().block();
  stream.write(Buffer.from("thread '<unnamed>' (1) panicked at src/a.rs:1:2:\nno such type\n"));
  expect(message()).toBe("no such type");
});

describe("a WAC text", () => {
  const declared = `interface environments { ${functions} }`;
  const texts = {
    "gives an import of another name": `import e as "acme:other/environment@0.2.0": environments;
      let m = new module:user { "${environment}": e };`,
    "gives an import of a plain name": `import e as "other": environments;
      let m = new module:user { "${environment}": e };`,
    "gives an import of another track": `import e as "wasi:cli/environment@0.3.0": environments;
      let m = new module:user { "${environment}": e };`,
    "imports what nobody uses": `import e as "other": environments; let m = new module:user { ... };`,
  };

  test.each(Object.entries(texts))("%s: is told so, and that it is the text", async (_name, text) => {
    const wac = `package acme:shop;\n${declared}\n${text}\nexport m["acme:a/a"];`;
    const [problem, ...others] = await shop.problems({ modules: { user }, access: { user: key }, wac });
    expect(others).toEqual([]);
    expect(problem?.path).toBe("wac");
    expect(problem?.message).not.toContain("defect");
  });
});

describe("bytes that pretend to be sealed", () => {
  const rules = "pulumi-wasm:guard/rules";

  async function bytesOf(
    modules: Record<string, CompositionModule>,
    text: string,
  ): Promise<CompositionModule> {
    const { digest } = await shop.composer.compose({ modules, wac: `package acme:shop;\n${text}` });
    return shop.add(withoutCustomSections(await shop.store.read(digest)));
  }

  /** What is said of them, as of any file. */
  async function told(forged: CompositionModule) {
    return (await shop.inspector.inspect(forged.artifact.digest)).sealed;
  }

  const guard = async () =>
    shop.add(await readFile(join(import.meta.dirname, "../../composer/guards/environment.wasm")));
  /** Rules in their one form, or with code that could do anything. */
  const rulesComponent = async (extra = "", lines = "") => {
    const text = `pulumi-wasm rules 1\tuser\n${lines}`;
    const pages = Math.ceil((8 + Buffer.from(text).length) / 65_536);
    const hex = (byte: number) => `\\${byte.toString(16).padStart(2, "0")}`;
    const escaped = [...Buffer.from(text)].map(hex).join("");
    const size = [0, 8, 16].map((bits) => hex((Buffer.from(text).length >> bits) & 0xff)).join("");
    return shop.add(
      await binary(`(component
        (core module $m (memory (export "memory") ${pages}) ${extra}
          (data (i32.const 0) "\\08\\00\\00\\00${size}\\00${escaped}")
          (func (export "text") (result i32) i32.const 0))
        (core instance $i (instantiate $m))
        (alias core export $i "memory" (core memory $memory)) (alias core export $i "text" (core func $t))
        (func $text (result string) (canon lift (core func $t) (memory $memory)))
        (instance $rules (export "text" (func $text)))
        (export "${rules}" (instance $rules)))`),
    );
  };
  const guarded = `let r = new module:rules {};
    let g = new module:guard { "${rules}": r["${rules}"], ... };
    let u = new module:user { "${environment}": g["${environment}"], ... };
    export u["acme:a/a"];`;
  /** Reads the environment when it is instantiated. */
  const starter = async () =>
    shop.add(
      await binary(`(component
        (import "${environment}" (instance $e ${inWat}))
        (core module $memory (memory (export "m") 1)
          (func (export "r") (param i32 i32 i32 i32) (result i32) i32.const 1024))
        (core instance $memory (instantiate $memory))
        (core func $get (canon lower (func $e "get-environment") (memory (core memory $memory "m")) (realloc (core func $memory "r"))))
        (core module $start (import "e" "get" (func $get (param i32))) (func $run i32.const 0 call $get) (start $run))
        (core instance (instantiate $start (with "e" (instance (export "get" (func $get)))))))`),
    );

  test("are believed where they are", async () => {
    const modules = { user, guard: await guard(), rules: await rulesComponent() };
    expect(await told(await bytesOf(modules, guarded))).toMatchObject([
      { name: "user", rules: { rules: { environment: [] } }, open: [], denied: [] },
    ]);
  });

  test("are not, with code beside the modules that is nobody's guard", async () => {
    const modules = { user, guard: await guard(), rules: await rulesComponent(), starter: await starter() };
    const forged = await bytesOf(modules, `${guarded}\nlet s = new module:starter { ... };`);
    expect(await told(forged)).toBeUndefined();
  });

  test("are not, with a module that has rules and no guard", async () => {
    const reader = await shop.module(
      `import ${rules}; import ${environment}; export acme:b/b;`,
      wit(rules, "text: func() -> string;") + wit(environment, functions) + wit("acme:b/b"),
    );
    const modules = { user, guard: await guard(), rules: await rulesComponent(), reader };
    const text = `${guarded}\nlet b = new module:reader { "${rules}": r["${rules}"], ... };\nexport b["acme:b/b"];`;
    expect(await told(await bytesOf(modules, text))).toMatchObject([
      { rules: { rules: { environment: [] } } },
      { open: [environment] },
    ]);
  });

  test("are not, with rules that code gives", async () => {
    const modules = {
      user,
      guard: await guard(),
      rules: await rulesComponent("(global (mut i32) (i32.const 0))"),
    };
    expect(await told(await bytesOf(modules, guarded))).toBeUndefined();
  });

  test("are not, with something between a guard and the host", async () => {
    const proxy = await shop.module(
      `import ${environment}; export ${environment};`,
      wit(environment, functions),
    );
    const modules = { user, guard: await guard(), rules: await rulesComponent(), proxy };
    const text = guarded
      .replace("let g", `let p = new module:proxy { ... };\nlet g`)
      .replace(`r["${rules}"], ...`, `r["${rules}"], "${environment}": p["${environment}"]`);
    expect(await told(await bytesOf(modules, text))).toBeUndefined();
  });

  test("are not, where the host serves an interface under another's name", async () => {
    const masked = await shop.module(
      `import ${environment}; import acme:harmless/words; export acme:b/b;`,
      wit(environment, functions) + wit("acme:harmless/words", functions) + wit("acme:b/b"),
    );
    const modules = { user, guard: await guard(), rules: await rulesComponent(), masked };
    const text = `${guarded}
      import e as "wasi:cli/environment@0.2.6": interface { ${functions} };
      let b = new module:masked { "${environment}": g["${environment}"], "acme:harmless/words": e };
      export b["acme:b/b"];`;
    expect(await told(await bytesOf(modules, text))).toBeUndefined();
  });

  test("steer no terminal", async () => {
    const rules = await rulesComponent("", "environment\t\u001b[2J\t\u202eK\nkeyValue\t\u009b1m\n");
    const [main] = (await told(await bytesOf({ user, guard: await guard(), rules }, guarded))) ?? [];
    expect(main?.rules?.rules).toMatchObject({ environment: ["\\u{1b}[2J"], keyValue: ["\\u{9b}1m"] });
    expect(main?.rules?.hostKeys.environment).toEqual({ "\\u{1b}[2J": "\\u{202e}K" });
  });

  test("fill no memory with what they say", async () => {
    const rules = await rulesComponent("", `keyValue\t${"x".repeat(3 << 20)}\n`);
    const forged = await bytesOf({ user, guard: await guard(), rules }, guarded);
    await expect(told(forged)).rejects.toMatchObject({
      code: "invalid",
      message: expect.stringContaining("What is sealed in it is longer than"),
    });
  });
});

/** Nothing in them means anything for what a component does. */
function withoutCustomSections(component: Uint8Array): Uint8Array {
  const parts = [component.subarray(0, 8)];
  for (let start = 8; start < component.length; ) {
    let [at, length] = [start + 1, 0];
    for (let shift = 0; ; shift += 7) {
      const byte = component[at++] ?? 0;
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    if (component[start] !== 0) parts.push(component.subarray(start, at + length));
    start = at + length;
  }
  return Buffer.concat(parts);
}
