import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the checkout. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** A path in the checkout. */
export function inRepository(...segments: string[]): string {
  return join(root, ...segments);
}
