import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { describe, expect, test } from "vitest";
import { callsOutside } from "../../provider/artifacts/proof/deny.ts";
import { importsWithHandles, readRules } from "../../provider/artifacts/proof/index.ts";
import { readComponent } from "../../provider/artifacts/proof/structure.ts";
import { readRootExterns } from "../../provider/artifacts/sections.ts";
import { wit } from "./composeSetup.ts";
import { binary, component, importing } from "./inspectComponents.ts";

test("names of interfaces are read as encoders wrote them until 2024", async () => {
  const bytes = await importing(["acme:log/log@1.2.3"]);
  const expected = readRootExterns(bytes);
  const form = Buffer.from(bytes).indexOf("acme:log/log@1.2.3") - 2;
  bytes[form] = 1;
  expect(readRootExterns(bytes)).toEqual(expected);
});

describe("a rules component", () => {
  interface Form {
    core?: string;
    function?: string;
    data?: string;
    lift?: string;
    parts?: string;
    exports?: string;
  }
  const text = "pulumi-wasm rules 1\tapi\nhttp\thttps://é.test:443\n";
  const escaped = [...Buffer.from(text)].map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
  const size = `\\${Buffer.from(text).length.toString(16)}`;
  const good = `(data (i32.const 16) "\\18\\00\\00\\00${size}\\00\\00\\00${escaped}")`;
  const rules = (form: Form = {}) =>
    binary(`(component
      (core module $m (memory (export "memory") 1) ${form.core ?? ""} ${form.data ?? good}
        (func (export "text") (result i32) ${form.function ?? "i32.const 16"}))
      (core instance $i (instantiate $m)) ${form.parts ?? ""}
      (alias core export $i "memory" (core memory $memory)) (alias core export $i "text" (core func $t))
      (func $text (result string) (canon lift (core func $t) (memory $memory) ${form.lift ?? ""}))
      (instance $rules (export "text" (func $text)))
      ${form.exports ?? '(export "pulumi-wasm:guard/rules" (instance $rules))'})`);

  test("gives its text", async () => {
    expect(readRules(await rules())).toBe(text);
  });

  test("gives its text as wit-component writes it, too", async () => {
    const core = await binary(
      `(module (memory (export "memory") 1) ${good} (func (export "pulumi-wasm:guard/rules#text") (result i32) i32.const 16))`,
    );
    const witSource = `package test:rules; world w { export pulumi-wasm:guard/rules; } ${wit("pulumi-wasm:guard/rules", "text: func() -> string;")}`;
    const bytes = await componentNew(await componentEmbed({ binary: core, witSource, world: "w" }));
    expect(readRules(bytes)).toBe(text);
  });

  test.each<[string, string, Form]>([
    ["computes its text", "more than a constant", { function: "i32.const 8 i32.const 8 i32.add" }],
    [
      "writes before it answers",
      "more than a constant",
      { function: "(i32.store (i32.const 24) (i32.const 0)) i32.const 16" },
    ],
    [
      "reads a variable",
      "a section 6",
      { core: "(global $g (mut i32) (i32.const 16))", function: "global.get $g" },
    ],
    ["runs something at its start", "a section 8", { core: "(func $f) (start $f)" }],
    ["has a second function", "another function", { core: "(func)" }],
    ["has a second piece of data", "other data", { data: `${good} (data (i32.const 24) "x")` }],
    [
      "points outside of its data",
      "outside of its data",
      { data: '(data (i32.const 16) "\\18\\00\\00\\00\\7f\\00\\00\\00abc")' },
    ],
    [
      "points before its data",
      "outside of its data",
      { data: '(data (i32.const 16) "\\00\\00\\00\\00\\08\\00\\00\\00abc")' },
    ],
    [
      "has a text that is not UTF-8",
      "encoded data was not valid",
      { data: '(data (i32.const 16) "\\18\\00\\00\\00\\01\\00\\00\\00\\ff")' },
    ],
    [
      "runs something after it answers",
      "not lifted plainly",
      {
        core: '(func (export "post") (param i32))',
        parts: '(alias core export $i "post" (core func $post))',
        lift: "(post-return $post)",
      },
    ],
    ["answers in another encoding", "not lifted plainly", { lift: "string-encoding=utf16" }],
    ["holds a second core module", "2 of core module", { parts: "(core module)" }],
    ["holds a second core instance", "2 of core instance", { parts: "(core instance (instantiate $m))" }],
    ["imports", "it has imports", { parts: '(import "log" (func))' }],
    [
      "exports more",
      "2 of export",
      { exports: '(export "pulumi-wasm:guard/rules" (instance $rules)) (export "more" (instance $rules))' },
    ],
    [
      "exports another interface",
      "it exports pulumi-wasm:guard/other",
      { exports: '(export "pulumi-wasm:guard/other" (instance $rules))' },
    ],
  ])("is not one that %s", async (_, reason, form) => {
    const bytes = await rules(form);
    expect(() => readRules(bytes)).toThrow(reason);
  });
});

describe("a component that can call nothing", () => {
  const outside = async (text: string) => {
    const bytes = await binary(`(component ${text})`);
    return callsOutside(bytes, { start: 0, end: bytes.length });
  };
  const code = `(core module $m (func (export "f"))) (core instance $i (instantiate $m))
    (func $f (canon lift (core func $i "f")))`;
  const imported = '(import "a:b/c" (instance $c (export "f" (func)) (export "r" (type (sub resource)))))';

  test.each([
    ["lifts code of its own", `${code} (export "f" (func $f))`],
    ["lists what it lifts", `${code} (instance $x (export "f" (func $f))) (export "a:b/d" (instance $x))`],
    [
      "drops handles that it is given",
      `${imported} (alias export $c "r" (type $r)) (core func $drop (canon resource.drop $r)) ${code} (export "f" (func $f))`,
    ],
    [
      "has a component that gives names to what it lifts",
      `${code} (component $s (import "f" (func $f)) (export "g" (func $f)))
       (instance $x (instantiate $s (with "f" (func $f)))) (export "a:b/d" (instance $x))`,
    ],
  ])("is one that %s", async (_, text) => {
    expect(await outside(text)).toBeUndefined();
  });

  test.each([
    ["lowers an import", "lowers", `${imported} (core func (canon lower (func $c "f")))`],
    ["lowers a function of its own", "lowers", `${code} (core func (canon lower (func $f)))`],
    ["imports a function", "imports the func f", '(import "f" (func))'],
    ["imports a component", "imports the component a", '(import "a" (component))'],
    ["imports a core module", "imports the core:module a", '(import "a" (core module))'],
    ["exports an import", "exports an import as a:b/d", `${imported} (export "a:b/d" (instance $c))`],
    [
      "exports a function of an import",
      "takes the func f",
      `${imported} (alias export $c "f" (func $f)) (export "f" (func $f))`,
    ],
    [
      "lists an import",
      "passes an import on as c",
      `${imported} (instance $x (export "c" (instance $c))) (export "x" (instance $x))`,
    ],
    [
      "gives an import to a component in it",
      "passes an import on as c",
      `${imported} (component $s (import "c" (instance $c))) (instance (instantiate $s (with "c" (instance $c))))`,
    ],
    [
      "gives a function of an import to a component in it",
      "takes the func f",
      `${imported} (component $s (import "f" (func))) (instance (instantiate $s (with "f" (func $c "f"))))`,
    ],
    ["holds a component with code", "a component in it has a section 1", `(component ${code})`],
    [
      "holds a component with an instance",
      "imports the instance a:b/c",
      '(component (import "a:b/c" (instance)))',
    ],
    ["holds a component in a component", "a component in it has a section 4", "(component (component))"],
    ["starts tasks", "has a canonical function", "(core func (canon task.cancel))"],
    ["exports a component", "exports the component s", '(component $s) (export "s" (component $s))'],
    ["exports a core module", "exports the core:module m", '(core module $m) (export "m" (core module $m))'],
  ])("is not one that %s", async (_, reason, text) => {
    expect(await outside(text)).toContain(reason);
  });
});

describe("imports that carry handles", () => {
  const of = async (body: string, name = "acme:x/x") =>
    importsWithHandles(
      await component(`package test:m; world w { import ${name}; }
        package acme:r { interface r { resource r; record pair { a: u8, b: own<r> } record flat { a: u8 } } }
        package acme:x { interface x { ${body} } }`),
    );

  test.each([
    ["own", "resource r; f: func() -> r;"],
    ["borrow", "resource r; f: func(x: borrow<r>);"],
    ["a resource alone", "resource r;"],
    ["one deep inside", "resource r; f: func() -> result<list<tuple<u8, option<r>>>, string>;"],
    ["a method", "resource r { f: func(); }"],
    ["one inside a record of another interface", "use acme:r/r.{pair}; f: func(x: pair);"],
    ["a stream of them", "resource r; f: func() -> stream<r>;"],
  ])("are those with %s", async (_, body) => {
    expect(await of(body)).toContain("acme:x/x");
  });

  test.each([
    ["numbers and strings", "f: func(a: u8, b: string, c: char, d: f64) -> bool;"],
    [
      "data of every form",
      `record r { a: u8 } variant v { a, b(string) } enum e { a, b } flags g { a, b } type l = list<u8>;
       f: func(r: r, v: v, e: e, g: g, l: l, o: option<u8>, t: tuple<u8, s64>, x: list<u8, 4>) -> result<list<r>, v>; g2: func() -> result; h: func() -> result<_, string>;`,
    ],
    ["nothing", ""],
    ["a record of another interface that holds none", "use acme:r/r.{flat}; f: func(x: flat);"],
    ["a stream of bytes", "f: async func() -> stream<u8>; g: func() -> future<u8>;"],
  ])("are not those with %s", async (_, body) => {
    expect(await of(body)).not.toContain("acme:x/x");
  });

  test("may be single functions", async () => {
    const bytes = await component(
      `package test:m; world w { import plain: func(x: u8); resource r; import made: func() -> r; }`,
    );
    expect(importsWithHandles(bytes)).toEqual(["made", "r"]);
  });
});

test("imports carry handles where their types cannot be read", async () => {
  const unknown = '(type (component (core type (module)) (import "m" (core module (type 0)))))';
  const bytes = await binary(`(component ${unknown} (import "a:b/c" (instance)) (import "f" (func)))`);
  expect(() => readComponent(bytes)).toThrow();
  expect(importsWithHandles(bytes)).toEqual(["a:b/c", "f"]);
});

describe("the reader", () => {
  test.each([
    ["a core module", "(module)"],
    [
      "a start function of a component",
      '(component (core module $m (func (export "f"))) (core instance $i (instantiate $m)) (func $f (canon lift (core func $i "f"))) (start $f))',
    ],
  ])("refuses %s", async (_, text) => {
    const bytes = await binary(text);
    expect(() => readComponent(bytes)).toThrow();
  });

  test("refuses references to what was not defined before", async () => {
    const bytes = await binary(
      '(component (component) (instance (instantiate 0)) (alias export 0 "f" (func)))',
    );
    expect(() => readComponent(bytes)).not.toThrow();
    expect(() => readComponent(bytes.with(bytes.length - 3, 7))).toThrow("there is no instance 7");
  });

  test("refuses bytes that end early, wherever that is", async () => {
    const bytes = await importing(["wasi:http/types@0.2.0", "acme:a/b"]);
    const ends = new Set<number>();
    for (let at = 0; at < bytes.length; at += 1) {
      try {
        readComponent(bytes.subarray(0, at));
        ends.add(at);
      } catch {}
    }
    // Where a section ends, what came before is a component too.
    expect(ends.size).toBeLessThan(40);
  });
});
