/** An example of `examples/` in a cluster, by its production stack's configuration with this cluster's own places. */
import { existsSync } from "node:fs";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import { repository } from "../../engine/workspace.ts";
import type { AppStack } from "./appStack.ts";
import { withoutAwait } from "./program.ts";

const targetSchema = z.looseObject({ kubernetes: z.record(z.string(), z.unknown()) });
const configurationSchema = z.object({ config: z.record(z.string(), z.unknown()) });

/**
 * Makes the example the stack's program, with its modules; not yet brought up.
 *
 * @param others examples whose modules it takes
 */
export async function writeExample(
  { cluster, registry, namespace, workspace }: AppStack,
  name: string,
  others: readonly string[] = [],
): Promise<void> {
  const folder = join(repository, "examples", name);
  // Beside the program, where another example is that it takes modules from.
  for (const each of [name, ...others]) {
    const to = each === name ? workspace.program : join(workspace.folder, each);
    const from = join(repository, "examples", each, "modules");
    if (existsSync(from)) await cp(from, join(to, "modules"), { recursive: true });
  }
  const program = await readFile(join(folder, "index.ts"), "utf8");
  await writeFile(join(workspace.program, "index.ts"), waitless(program));
  const text = await readFile(join(folder, "Pulumi.prod.yaml"), "utf8");
  const { config } = configurationSchema.parse(parse(text));
  const stack = await workspace.stack();
  for (const [key, value] of Object.entries(config)) {
    const own = key.slice(key.indexOf(":") + 1);
    if (own !== "target") await stack.setConfig(own, { value: String(value) });
  }
  const { kubernetes } = targetSchema.parse(config[`${name}:target`]);
  const target = {
    registry: { push: `${registry.host}/acme`, insecure: true },
    kubernetes: { ...kubernetes, namespace },
  };
  await stack.setConfig("target", { value: JSON.stringify(target) });
  await stack.setConfig("kubernetes:kubeconfig", { value: cluster.kubeconfig, secret: true });
}

/** The one thing that this cluster needs otherwise: nothing becomes ready in it. */
function waitless(program: string): string {
  const classes = /new (wasm\.App|kubernetes\.[\w.]+)\(/g;
  if (!classes.test(program)) throw new Error("The example has no App.");
  const subclass = `
    ${withoutAwait}
    const waitless = (Base: any) => class extends Base {
      constructor(name: string, args: object) {
        super(name, args, { transforms: [withoutAwait] });
      }
    } as any;
  `;
  const lastImport = program.lastIndexOf("\nimport ");
  const end = program.indexOf("\n", lastImport + 1) + 1;
  return program.slice(0, end) + subclass + program.slice(end).replaceAll(classes, "new (waitless($1))(");
}
