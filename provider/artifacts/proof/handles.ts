import { fullName } from "./names.ts";
import { readComponent } from "./structure.ts";

/**
 * The imports of a component whose types carry resource handles (own, borrow or a resource type), named as an Inspection
 * names them, sorted. Over a link of such a type a neighbour can hand on a resource, and with it what that resource can do.
 * A type that refers to something that cannot be followed counts as one that carries them.
 *
 * @throws Error where the bytes are no component, or of a form that is not known
 */
export function importsWithHandles(component: Uint8Array): string[] {
  return readComponent(component)
    .imports.filter((item) => (item.sort === "type" ? item.resource : item.shape.handles))
    .map(fullName)
    .sort();
}
