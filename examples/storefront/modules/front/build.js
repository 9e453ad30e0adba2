// Makes the component: node build.js <source> <WIT folder> <component>
import { writeFile } from "node:fs/promises";
import { componentize } from "@bytecodealliance/componentize-js";
import { _setPreopens } from "@bytecodealliance/preview2-shim/filesystem";

const [sourcePath, witPath, component] = process.argv.slice(2);

// ComponentizeJS reads the WIT through this shim, which shows no folder by itself.
_setPreopens({ "/": "/" });
const built = await componentize({
  sourcePath,
  witPath,
  worldName: "front",
  // What is left out here, the component does not import.
  disableFeatures: ["random", "stdio"],
});
await writeFile(component, built.component);
