import { resolve } from "node:path";
import * as z from "zod";
import { loadModule } from "../artifacts/modules.ts";
import { needs } from "../capabilities/habits.ts";
import { artifactStore } from "../resources/artifactStore.ts";
import { needsFields } from "../resources/module.ts";
import { isUnknown, list, required } from "../schema/fields.ts";
import { UserError } from "../userError.ts";
import { defineFunction } from "./function.ts";

const description = `
Says what a module is made of, without running it: imports, exports, languages, and its world as WIT text.

{{% examples %}}
{{% example %}}
\`\`\`typescript
import * as wasm from "pulumi-wasm";

export const world = wasm.inspectOutput({ file: "modules/api.wasm" }).wit;
\`\`\`
{{% /example %}}
{{% /examples %}}
`.trim();

const producerFields = required(list(z.string()), {
  description: "Tools that made the module, by its producers sections, as `name version`.",
});

export const inspect = defineFunction({
  token: "wasm:index:inspect",
  description,

  inputs: z.strictObject({
    file: required(z.string().min(1), {
      description: "Path of the module. Relative paths start at the Pulumi project's folder.",
    }),
  }),

  outputs: z.strictObject({
    digest: required(z.string(), {
      description: "Digest of the bytes: `sha256:` and 64 hexadecimal digits.",
    }),
    size: required(z.int(), { description: "Size in bytes." }),
    kind: required(z.enum(["component", "core"]), { description: "`component` or `core`." }),
    imports: required(list(z.string()), {
      description: "Full WIT names with versions; `module#name` for a core module.",
    }),
    exports: required(list(z.string()), { description: "Named like `imports`." }),
    languages: required(list(z.string()), { description: "Source languages by the producers sections." }),
    producers: producerFields,
    needs: required(needsFields, { description: "The imports, by who wants them." }),
    wit: required(z.string(), { description: "The module's world as WIT text; empty for a core module." }),
  }),

  async call({ file }, { settings, signal }) {
    if (isUnknown(file)) throw new UserError("the path must be known", "file");
    const { store, inspector } = artifactStore(settings);
    const inspection = await loadModule(resolve(file), store, inspector, { signal });
    const { digest, size, kind, imports, exports, languages, producers, wit } = inspection;
    return {
      digest,
      size,
      kind,
      imports,
      exports,
      languages,
      producers: producers.map(({ name, version }) => `${name} ${version}`.trim()),
      needs: needs(inspection),
      wit,
    };
  },
});
