import type { Grant } from "./grant.ts";
import { Openers } from "./openers.ts";
import { meaningOf, parseImportName } from "./vocabulary.ts";

/** How a program ends. It has no way to say no, and nobody comes to harm by it. */
const end = "wasi_snapshot_preview1#proc_exit";

/**
 * The imports of a core module that are denied to it where it runs as a core module: what no grant opens. What a grant opens is
 * open as a whole, for there are no guards between core modules and their host.
 *
 * @param imports as an Inspection has them: `module#name`
 * @param denied imports that the program denies although they could be open
 */
export function deniedOfCore({
  imports,
  grants,
  denied,
}: {
  imports: readonly string[];
  grants: readonly Grant[];
  denied: readonly string[];
}): string[] {
  const openers = new Openers([...grants], false);
  return imports.filter((full) => {
    const item = parseImportName(full);
    const isOpen = meaningOf(item).kind === "structural" || openers.of(item).length > 0;
    return full !== end && (!isOpen || denied.includes(full));
  });
}
