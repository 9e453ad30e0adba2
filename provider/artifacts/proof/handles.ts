import { type Extern, readRootExterns } from "../sections.ts";
import { fullName } from "./names.ts";
import { readComponent } from "./structure.ts";

/**
 * The imports of a component whose types carry resource handles (own, borrow or a resource type), named as an Inspection
 * names them, sorted. Over a link of such a type a neighbour can hand on a resource, and with it what that resource can do.
 * Where types cannot be followed, because they refer to something unknown or are of a form that is not known here, the
 * imports count as ones that carry handles.
 *
 * @throws Error where not even the imports' names can be read
 */
export function importsWithHandles(component: Uint8Array): string[] {
  return (carriers(component) ?? all(component)).map(fullName).sort();
}

function carriers(component: Uint8Array): Pick<Extern, "name" | "implements">[] | undefined {
  try {
    const { imports } = readComponent(component);
    return imports.filter((item) => (item.sort === "type" ? item.resource : item.shape.handles));
  } catch {
    return undefined;
  }
}

function all(component: Uint8Array): Extern[] {
  return readRootExterns(component).imports.filter(({ kind }) => kind !== "type");
}
