/** The `component-name` section: names for people, by index. They mean nothing for what a component does. */
import { Reader } from "../binaryReader.ts";

const headerLength = 8;
const customSection = 0;
const sortNames = 1;
const instanceSort = 0x05;

/** @throws Error where the bytes end early */
export function instanceNames(component: Uint8Array): Map<number, string> {
  const names = new Map<number, string>();
  const reader = new Reader(component, headerLength);
  while (!reader.atEnd()) {
    const id = reader.byte();
    const section = reader.slice(reader.u32());
    if (id !== customSection || section.string() !== "component-name") continue;
    while (!section.atEnd()) {
      const kind = section.byte();
      const part = section.slice(section.u32());
      if (kind !== sortNames || part.byte() !== instanceSort) continue;
      for (const [index, name] of part.many((item) => [item.u32(), item.string()] as const))
        names.set(index, name);
    }
  }
  return names;
}
