// Makes a component, by <tool> <source> <WIT> <world> <component>. Node is given it as text (`--eval`), where the tools are installed.
import { readFile, writeFile } from "node:fs/promises";
import { componentize } from "@bytecodealliance/componentize-js";
import { _setPreopens } from "@bytecodealliance/preview2-shim/filesystem";
import { componentize as componentizeQjs } from "componentize-qjs";

const [tool, sourcePath, witPath, world, file] = process.argv.slice(1);

const tools = {
  async "componentize-js"() {
    // ComponentizeJS reads the WIT through this shim, which shows no folder by itself.
    _setPreopens({ "/": "/" });
    return componentize({ sourcePath, witPath, worldName: world });
  },
  async "componentize-qjs"() {
    return componentizeQjs({ jsSource: await readFile(sourcePath, "utf8"), witPath, world });
  },
};

const { component } = await tools[tool]();
await writeFile(file, component);
