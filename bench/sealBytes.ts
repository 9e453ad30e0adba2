/** How many bytes a seal adds to a composition. */
import { stat } from "node:fs/promises";
import { takeApart } from "../provider/artifacts/proof/parts.ts";
import { madeRole } from "../provider/artifacts/proof/roles.ts";
import { guardNames } from "../provider/capabilities/vocabulary.ts";
import { pluginFile } from "../provider/pluginFiles.ts";
import type { Place } from "./compose.ts";
import type { Figure } from "./figures.ts";
import { addModule, dummy, fullNames, stockImports } from "./sealModules.ts";

const mostDenied = 5;
const mostGuard: Readonly<Record<string, number>> = { http: 40, filesystem: 96, sockets: 96 };

export async function sealedBytes(place: Place): Promise<Figure[]> {
  const figures: Figure[] = [
    {
      name: "Denying all of WASI's files, sockets, http and environment",
      value: await bytesOfDenials(place, stockImports),
      unit: "kB",
      against: "by module, once where modules are alike",
      atMost: mostDenied,
    },
  ];
  for (const [name, items] of Object.entries(stockImports)) {
    const value = await bytesOfDenials(place, { [name]: items });
    figures.push({ name: `Denying ${name} alone`, value, unit: "kB" });
  }
  for (const name of guardNames) {
    const { size } = await stat(pluginFile(`composer/guards/${name}.wasm`));
    const atMost = mostGuard[name];
    figures.push({
      name: `Guard ${name}`,
      value: kilobytes(size),
      unit: "kB",
      against: "once by composition",
      ...(atMost !== undefined && { atMost }),
    });
  }
  return figures;
}

/** Of the components that deny a module these imports, of which it uses every function. */
async function bytesOfDenials(place: Place, packages: Partial<typeof stockImports>): Promise<number> {
  const lines = fullNames(packages).map((name) => `import ${name};`);
  const own = "package bench:part { interface run { run: func(); } }";
  const module = await addModule(place, await dummy([...lines, "export bench:part/run;"], own));
  const { digest } = await place.composer.compose({ modules: { main: module }, access: {} });
  const bytes = await place.store.read(digest);
  const denials = takeApart(bytes).embedded.filter((component) => madeRole(bytes, component).is === "deny");
  return kilobytes(denials.reduce((sum, { range }) => sum + range.end - range.start, 0));
}

function kilobytes(bytes: number): number {
  return bytes / 1000;
}
