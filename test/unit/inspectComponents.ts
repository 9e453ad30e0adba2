import { componentEmbed, componentNew, parse } from "@bytecodealliance/jco-transpile/wasm-tools";

/** A valid component of any world, made without a compiler: `wit` holds the world `w` and every package that it names. */
export async function component(
  wit: string,
  producers: [string, [string, string][]][] = [],
): Promise<Uint8Array> {
  const core = await componentEmbed({ witSource: wit, world: "w", dummy: true, metadata: producers });
  return componentNew(core);
}

/** A component that imports interfaces by name and version, each of one function. */
export async function importing(
  imports: string[],
  producers?: [string, [string, string][]][],
): Promise<Uint8Array> {
  const packages = new Map<string, string[]>();
  for (const name of imports) {
    const [, head, item, version] = /^(.+)\/([^@]+)(@.+)?$/.exec(name) ?? [];
    const key = `${head}${version ?? ""}`;
    packages.set(key, [...(packages.get(key) ?? []), `interface ${item} { f: func(); }`]);
  }
  const nested = [...packages].map(([name, items]) => `package ${name} { ${items.join(" ")} }`);
  return component(
    `package test:module;\nworld w { ${imports.map((name) => `import ${name};`).join(" ")} export run: func(); }\n${nested.join("\n")}`,
    producers,
  );
}

/** Binary of WebAssembly text, core module or component. */
export const binary = parse;
