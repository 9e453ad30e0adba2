/**
 * Reads how a component is put together, by the component model's `Binary.md`: its index spaces, and where each item in
 * them comes from. What is nested is a range of bytes; code is never looked at. A form that is not known is an error,
 * and so is a reference to what was not defined before it: whoever follows references comes to an end.
 */
import { Reader } from "../binaryReader.ts";
import { readName } from "../sections.ts";
import { type Canon, readCanon } from "./canon.ts";
import { exportOf, outerType, readDescription, readType, type TypeScope, type TypeShape } from "./types.ts";

export const sorts = [
  "core:func",
  "core:table",
  "core:memory",
  "core:global",
  "core:tag",
  "core:type",
  "core:module",
  "core:instance",
  "func",
  "type",
  "component",
  "instance",
] as const;
export type Sort = (typeof sorts)[number];

/** An item of an index space. */
export interface Ref {
  sort: Sort;
  index: number;
}

export interface Range {
  start: number;
  end: number;
}

export interface Named extends Ref {
  name: string;
}

/** Where an item comes from. */
export type Definition =
  | { by: "import"; import: Import }
  /** The export `name` of the instance `of`; a core instance where the item is of a core sort, but for modules. */
  | { by: "alias"; of: Ref; name: string }
  /** Something of an enclosing component. */
  | { by: "outer"; count: number; index: number }
  /** An export adds what it exports to the index space once more. */
  | { by: "export"; of: Ref }
  /** A nested component or core module. */
  | { by: "bytes"; range: Range }
  | { by: "instantiate"; of: number; args: Named[] }
  /** An instance that is a list of what is there. */
  | { by: "inline"; exports: Named[] }
  | { by: "canon"; canon: Canon }
  | { by: "type" };

export interface Import extends Ref {
  name: string;
  /** The interface that a plain name stands for. */
  implements?: string;
  shape: TypeShape;
  /** Whether it is a resource type. */
  resource?: true;
}

export interface Component {
  spaces: Record<Sort, Definition[]>;
  imports: Import[];
  exports: Named[];
  /** The ids of the sections that occur. */
  sections: Set<number>;
}

export const sectionIds = {
  custom: 0,
  coreModule: 1,
  coreInstance: 2,
  coreType: 3,
  component: 4,
  instance: 5,
  alias: 6,
  type: 7,
  canon: 8,
  start: 9,
  import: 10,
  export: 11,
} as const;

const header = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];

/** @throws Error where the bytes are no component, end early, or hold a form that is not known */
export function readComponent(bytes: Uint8Array, range: Range = { start: 0, end: bytes.length }): Component {
  return new ComponentReader(new Reader(bytes, range.start, range.end)).read();
}

const coreSorts = new Map<number, Sort>([
  [0x00, "core:func"],
  [0x01, "core:table"],
  [0x02, "core:memory"],
  [0x03, "core:global"],
  [0x04, "core:tag"],
  [0x10, "core:type"],
  [0x11, "core:module"],
  [0x12, "core:instance"],
]);
const componentSorts = new Map<number, Sort>([
  [0x01, "func"],
  [0x03, "type"],
  [0x04, "component"],
  [0x05, "instance"],
]);

class ComponentReader {
  private readonly reader: Reader;
  private readonly spaces = Object.fromEntries(
    sorts.map((sort) => [sort, []]),
  ) as unknown as Component["spaces"];
  private readonly imports: Import[] = [];
  private readonly exports: Named[] = [];
  private readonly sections = new Set<number>();
  /** In step with the spaces of types and instances. */
  private readonly scope: TypeScope = { types: [], instances: [] };

  constructor(reader: Reader) {
    this.reader = reader;
  }

  read(): Component {
    for (const expected of header) {
      if (this.reader.byte() !== expected) throw new Error("not a component");
    }
    while (!this.reader.atEnd()) {
      const id = this.reader.byte();
      const section = this.reader.slice(this.reader.u32());
      this.sections.add(id);
      this.section(id, section);
    }
    const { spaces, imports, exports, sections } = this;
    return { spaces, imports, exports, sections };
  }

  private section(id: number, section: Reader): void {
    // Core types describe core modules, which hold no authority of their own.
    if (id === sectionIds.custom || id === sectionIds.coreType) return;
    if (id === sectionIds.coreModule || id === sectionIds.component) {
      const range = { start: section.offset, end: section.end };
      this.spaces[id === sectionIds.component ? "component" : "core:module"].push({ by: "bytes", range });
      return;
    }
    const read = this.entryReader(id);
    if (!read) throw new Error(`section ${id} is not supported`);
    section.many(read);
    section.requireEnd();
  }

  private entryReader(id: number): ((reader: Reader) => void) | undefined {
    switch (id) {
      case sectionIds.coreInstance:
        return (reader) => this.coreInstance(reader);
      case sectionIds.instance:
        return (reader) => this.instance(reader);
      case sectionIds.alias:
        return (reader) => this.alias(reader);
      case sectionIds.type:
        return (reader) => this.defineType({ by: "type" }, readType(reader, this.scope));
      case sectionIds.canon:
        return (reader) => this.canon(reader);
      case sectionIds.import:
        return (reader) => this.import(reader);
      case sectionIds.export:
        return (reader) => this.export(reader);
    }
    return undefined;
  }

  private coreInstance(reader: Reader): void {
    const form = reader.byte();
    if (form > 1) throw reader.unknown("core instance", form);
    if (form === 0) {
      const of = this.defined({ sort: "core:module", index: reader.u32() }).index;
      const args = reader.many(() => {
        const name = reader.string();
        const sort = reader.byte();
        if (sort !== 0x12) throw reader.unknown("sort of an argument", sort);
        return { name, ...this.defined({ sort: "core:instance", index: reader.u32() }) };
      });
      this.spaces["core:instance"].push({ by: "instantiate", of, args });
    } else {
      const exports = reader.many(() => ({ name: reader.string(), ...this.coreRef(reader) }));
      this.spaces["core:instance"].push({ by: "inline", exports });
    }
  }

  private instance(reader: Reader): void {
    const form = reader.byte();
    if (form > 1) throw reader.unknown("instance", form);
    if (form === 0) {
      const of = this.defined({ sort: "component", index: reader.u32() }).index;
      const args = reader.many(() => ({ name: reader.string(), ...this.ref(reader) }));
      this.defineInstance({ by: "instantiate", of, args }, undefined);
    } else {
      const exports = reader.many(() => ({ name: readName(reader).name, ...this.ref(reader) }));
      this.defineInstance({ by: "inline", exports }, undefined);
    }
  }

  private alias(reader: Reader): void {
    const sort = this.sort(reader);
    const target = reader.byte();
    if (target > 2) throw reader.unknown("alias", target);
    const first = reader.u32();
    if (target === 2) {
      this.outerAlias(sort, first, reader.u32());
      return;
    }
    const ofComponent = target === 0;
    if (ofComponent === (sort.startsWith("core:") && sort !== "core:module")) {
      throw reader.unknown("alias", target);
    }
    const of = this.defined({ sort: ofComponent ? "instance" : "core:instance", index: first });
    const name = reader.string();
    const definition: Definition = { by: "alias", of, name };
    if (sort === "type") this.defineType(definition, exportOf(this.scope, of.index, name));
    else if (sort === "instance") this.defineInstance(definition, exportOf(this.scope, of.index, name));
    else this.spaces[sort].push(definition);
  }

  private outerAlias(sort: Sort, count: number, index: number): void {
    const definition: Definition = { by: "outer", count, index };
    if (sort === "type") this.defineType(definition, outerType(this.scope, count, index));
    else if (sort === "component" || sort === "core:module" || sort === "core:type") {
      this.spaces[sort].push(definition);
    } else throw new Error(`an alias of an outer ${sort}`);
  }

  private canon(reader: Reader): void {
    const canon = readCanon(reader, this.scope);
    if (canon.kind === "lift") this.defined({ sort: "core:func", index: canon.function });
    if (canon.kind === "lower") this.defined({ sort: "func", index: canon.function });
    if ("type" in canon) this.defined({ sort: "type", index: canon.type });
    this.spaces[canon.kind === "lift" ? "func" : "core:func"].push({ by: "canon", canon });
  }

  private import(reader: Reader): void {
    const name = readName(reader);
    const { sort, ...description } = readDescription(reader, this.scope);
    const item: Import = { ...name, ...description, sort, index: this.spaces[sort].length };
    this.imports.push(item);
    this.define(sort, { by: "import", import: item }, item.shape);
  }

  private export(reader: Reader): void {
    const { name } = readName(reader);
    const of = this.ref(reader);
    if (reader.flag("ascribed type")) readDescription(reader, this.scope);
    this.exports.push({ name, ...of });
    const shape = of.sort === "type" ? this.scope.types[of.index] : this.scope.instances[of.index];
    this.define(of.sort, { by: "export", of }, shape);
  }

  private define(sort: Sort, definition: Definition, shape: TypeShape | undefined): void {
    if (sort === "type" && shape) this.defineType(definition, shape);
    else if (sort === "instance") this.defineInstance(definition, shape);
    else this.spaces[sort].push(definition);
  }

  private defineType(definition: Definition, shape: TypeShape): void {
    this.spaces.type.push(definition);
    this.scope.types.push(shape);
  }

  private defineInstance(definition: Definition, shape: TypeShape | undefined): void {
    this.spaces.instance.push(definition);
    this.scope.instances.push(shape);
  }

  /** A sort and an index that is defined already. */
  private ref(reader: Reader): Ref {
    return this.defined({ sort: this.sort(reader), index: reader.u32() });
  }

  private coreRef(reader: Reader): Ref {
    return this.defined({ sort: this.coreSort(reader), index: reader.u32() });
  }

  private sort(reader: Reader): Sort {
    const byte = reader.byte();
    if (byte === 0x00) return this.coreSort(reader);
    const sort = componentSorts.get(byte);
    if (!sort) throw reader.unknown("sort", byte);
    return sort;
  }

  private coreSort(reader: Reader): Sort {
    const byte = reader.byte();
    const sort = coreSorts.get(byte);
    if (!sort) throw reader.unknown("core sort", byte);
    return sort;
  }

  private defined(ref: Ref): Ref {
    if (ref.index < this.spaces[ref.sort].length) return ref;
    throw new Error(`there is no ${ref.sort} ${ref.index}`);
  }
}
