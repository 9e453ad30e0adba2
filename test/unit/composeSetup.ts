import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { moduleArtifact } from "../../provider/artifacts/artifact.ts";
import {
  Composer,
  type ComposerOptions,
  CompositionError,
  type CompositionModule,
  type CompositionSpec,
  type Remark,
} from "../../provider/artifacts/compose/index.ts";
import { digestOf } from "../../provider/artifacts/digest.ts";
import { Inspector } from "../../provider/artifacts/inspect.ts";
import { Store } from "../../provider/artifacts/store.ts";
import { component } from "./inspectComponents.ts";

const script = (name: string) => join(import.meta.dirname, "../../provider/artifacts", name);

/** A store with everything that composing needs, removed after the file's tests. */
export class Workshop {
  readonly folder: string;
  readonly store: Store;
  readonly inspector: Inspector;
  readonly composer: Composer;

  private constructor(folder: string, options: ComposerOptions) {
    this.folder = folder;
    this.store = new Store({ folder });
    this.inspector = new Inspector(this.store, { script: script("inspectorProcess.ts") });
    this.composer = new Composer(this.store, this.inspector, {
      script: script("compose/composerProcess.ts"),
      ...options,
    });
  }

  static async open(options: ComposerOptions = {}): Promise<Workshop> {
    const workshop = new Workshop(await mkdtemp(join(tmpdir(), "compose-")), options);
    afterAll(async () => {
      await workshop.composer.close();
      await workshop.inspector.close();
      await rm(workshop.folder, { recursive: true });
    });
    return workshop;
  }

  /** A component of a world: `import` and `export` lines, and the packages that they name. */
  async module(world: string, packages = ""): Promise<CompositionModule> {
    return this.add(await component(`package test:module;\nworld w { ${world} }\n${packages}`));
  }

  async add(bytes: Uint8Array, kind: "component" | "core" = "component"): Promise<CompositionModule> {
    const { digest } = await this.store.addBytes(bytes);
    return { artifact: moduleArtifact(digest, kind) };
  }

  /** What `compose` finds wrong. */
  async problems(spec: CompositionSpec): Promise<readonly Remark[]> {
    try {
      await this.composer.compose(spec);
    } catch (error) {
      if (error instanceof CompositionError) return error.problems;
      throw error;
    }
    return [];
  }
}

/** An interface of one function, in a package of one interface: `acme:auth/check@1.2.0` and what it holds. */
export function wit(name: string, body = "f: func();"): string {
  const [, head, item, version = ""] = /^(.+)\/([^@]+)(@.+)?$/.exec(name) ?? [];
  return `package ${head}${version} { interface ${item} { ${body} } }\n`;
}

export { digestOf };
