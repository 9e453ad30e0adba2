/** The rules of one module as guards read them: a component that exports `pulumi-wasm:guard/rules` with a constant text. */
import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { binary } from "../unit/inspectComponents.ts";

const witSource = `package pulumi-wasm:guard;
interface rules { text: func() -> string; }
world w { export rules; }`;

/** @param rules one rule per entry, its fields apart by tabs: `http\thttps://api.example.com:443` */
export async function rulesComponent(rules: readonly string[], module = "main"): Promise<Uint8Array> {
  return textComponent(
    ["pulumi-wasm rules 1\t".concat(module), ...rules].map((line) => `${line}\n`).join(""),
  );
}

/** A component that gives any text as the rules. */
export async function textComponent(text: string): Promise<Uint8Array> {
  const bytes = Buffer.from(text);
  const escaped = [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
  const code = await binary(`(module
    (memory (export "memory") ${Math.ceil((bytes.length + 8) / 65_536)})
    (data (i32.const 0) "\\08\\00\\00\\00")
    (data (i32.const 8) "${escaped}")
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "pulumi-wasm:guard/rules#text") (result i32)
      (i32.store (i32.const 4) (i32.const ${bytes.length}))
      i32.const 0))`);
  return componentNew(await componentEmbed({ binary: code, witSource, world: "w" }));
}
