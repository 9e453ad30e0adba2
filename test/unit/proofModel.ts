/**
 * The root of a composition as an editable list of items, with an encoder, and what it means: its own reader of the format,
 * so that a mistake of the checker's does not repeat itself here. It knows what compositions hold, and nothing else.
 */
import { createHash } from "node:crypto";

/** Sorts by their code in the binary. */
export const sorts = { func: 1, type: 3, component: 4, instance: 5 } as const;
export interface Ref {
  sort: number;
  index: number;
}
export type Item =
  | { is: "component"; bytes: Uint8Array }
  | { is: "instance"; of: number; args: (Ref & { name: string })[] }
  | { is: "alias"; sort: number; of: number; name: string }
  | { is: "import"; name: string; sort: number; type: Uint8Array }
  | { is: "export"; name: string; ref: Ref }
  /** Types and custom sections, as they are. `types` is how many they add. */
  | { is: "other"; section: number; bytes: Uint8Array; types: number };

export type Model = Item[];
type ItemOf<Is extends Item["is"]> = Extract<Item, { is: Is }>;

const header = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00);

class Cursor {
  readonly bytes: Uint8Array;
  at: number;
  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }
  get ended() {
    return this.at >= this.bytes.length;
  }
  byte() {
    const value = this.bytes[this.at++];
    if (value === undefined) throw new Error("the end");
    return value;
  }
  number(): number {
    const byte = this.byte();
    return byte < 0x80 ? byte : (byte & 0x7f) + 0x80 * this.number();
  }
  take(length: number) {
    this.at += length;
    if (this.at > this.bytes.length) throw new Error("the end");
    return this.bytes.subarray(this.at - length, this.at);
  }
  text() {
    return Buffer.from(this.take(this.number())).toString("utf8");
  }
  list<T>(read: () => T): T[] {
    return Array.from({ length: this.number() }, read);
  }
  ref(): Ref {
    return { sort: this.byte(), index: this.number() };
  }
  name() {
    if (this.byte() > 1) throw new Error("a name with attributes");
    return this.text();
  }
}

export function decode(bytes: Uint8Array): Model {
  const cursor = new Cursor(bytes, header.length);
  const model: Model = [];
  while (!cursor.ended) {
    const section = cursor.byte();
    const content = cursor.take(cursor.number());
    model.push(...items(section, new Cursor(content)));
  }
  return model;
}

function items(section: number, cursor: Cursor): Item[] {
  switch (section) {
    case 4:
      return [{ is: "component", bytes: cursor.bytes }];
    case 5:
      return cursor.list(() => {
        if (cursor.byte() !== 0) throw new Error("an instance without a component");
        const of = cursor.number();
        return { is: "instance", of, args: cursor.list(() => ({ name: cursor.text(), ...cursor.ref() })) };
      });
    case 6:
      return cursor.list(() => {
        const sort = cursor.byte();
        if (cursor.byte() !== 0) throw new Error("an alias of something else than an instance's export");
        return { is: "alias", sort, of: cursor.number(), name: cursor.text() };
      });
    case 10:
      return cursor.list(() => {
        const name = cursor.name();
        const start = cursor.at;
        const sort = cursor.byte();
        if (sort === sorts.type && cursor.byte() === 1) {
          return { is: "import", name, sort, type: cursor.bytes.subarray(start, cursor.at) };
        }
        cursor.number();
        return { is: "import", name, sort, type: cursor.bytes.subarray(start, cursor.at) };
      });
    case 11:
      return cursor.list(() => {
        const name = cursor.name();
        const ref = cursor.ref();
        if (cursor.byte() !== 0) throw new Error("an export with a type");
        return { is: "export", name, ref };
      });
    case 7:
      return [{ is: "other", section, bytes: cursor.bytes, types: new Cursor(cursor.bytes).number() }];
    default:
      return [{ is: "other", section, bytes: cursor.bytes, types: 0 }];
  }
}

function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(Math.floor(value / 0x80))];
}

function text(value: string): number[] {
  const bytes = [...Buffer.from(value)];
  return [...leb(bytes.length), ...bytes];
}

function encodeItem(item: Item): [number, Uint8Array] {
  switch (item.is) {
    case "component":
      return [4, item.bytes];
    case "other":
      return [item.section, item.bytes];
    case "instance": {
      const args = item.args.flatMap((arg) => [...text(arg.name), arg.sort, ...leb(arg.index)]);
      return [5, Uint8Array.from([1, 0, ...leb(item.of), ...leb(item.args.length), ...args])];
    }
    case "alias":
      return [6, Uint8Array.from([1, item.sort, 0, ...leb(item.of), ...text(item.name)])];
    case "import":
      return [10, Uint8Array.from([1, 0, ...text(item.name), ...item.type])];
    case "export":
      return [11, Uint8Array.from([1, 0, ...text(item.name), item.ref.sort, ...leb(item.ref.index), 0])];
  }
}

export function encode(model: Model): Uint8Array {
  const sections = model.flatMap((item) => {
    const [section, bytes] = encodeItem(item);
    return [Uint8Array.from([section, ...leb(bytes.length)]), bytes];
  });
  return Buffer.concat([header, ...sections]);
}

/** How many items of a sort are there before a place in the list. */
export function countBefore(model: Model, place: number, sort: number): number {
  return model.slice(0, place).reduce((count, item) => count + (sortOf(item) === sort ? sizeOf(item) : 0), 0);
}

function sizeOf(item: Item): number {
  return item.is === "other" ? item.types : 1;
}

function sortOf(item: Item): number | undefined {
  switch (item.is) {
    case "component":
      return sorts.component;
    case "instance":
      return sorts.instance;
    case "other":
      return sorts.type;
    case "export":
      return item.ref.sort;
    default:
      return item.sort;
  }
}

/** What is left out of a meaning, by the bytes of a component. */
export interface Abstraction {
  /** It can call nothing, so what it is given is without meaning, and one of them is as good as another. */
  isDead?: (component: Uint8Array) => boolean;
  /** What one of these gives to another, and how many there are, is left to the user. */
  isFree?: (component: Uint8Array) => boolean;
}

/**
 * What happens when functions are called: what is exported, of which instance, what that was given, and so on to the imports.
 * Instances are numbered as they are met and stand once each, for two of them are not one that is shared. Types and their
 * places are left out: they have no behaviour.
 */
export function meaning(model: Model, { isDead, isFree }: Abstraction = {}): string {
  const spaces = new Map<number, Item[]>(Object.values(sorts).map((sort) => [sort, []]));
  for (const item of model) {
    const sort = sortOf(item);
    if (sort !== undefined) spaces.get(sort)?.push(...Array.from({ length: sizeOf(item) }, () => item));
  }
  const lines: string[] = [];
  const numbers = new Map<Item, number>();
  const componentOf = (item: ItemOf<"instance">) => {
    const component = spaces.get(sorts.component)?.[item.of];
    if (component?.is !== "component") throw new Error("an instance of nothing");
    return component.bytes;
  };
  const at = ({ sort, index }: Ref): string => {
    const item = spaces.get(sort)?.[index];
    if (sort === sorts.type) return "a type";
    switch (item?.is) {
      case "import":
        return `import ${item.name}`;
      case "export":
        return at(item.ref);
      case "alias": {
        const of = at({ sort: sorts.instance, index: item.of });
        if (of === dead) return `${dead} of ${item.name.replace(/@.*/, "")}`;
        return of === free ? free : `${of} . ${item.name}`;
      }
      case "instance":
        if (isDead?.(componentOf(item))) return dead;
        return isFree?.(componentOf(item)) ? free : instance(item);
      default:
        throw new Error("a reference to nothing");
    }
  };
  const instance = (item: ItemOf<"instance">): string => {
    const known = numbers.get(item);
    if (known !== undefined) return `#${known}`;
    const number = numbers.size;
    numbers.set(item, number);
    const component = componentOf(item);
    const given = [...item.args]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((arg) => `${arg.name} = ${at(arg)}`);
    const name = createHash("sha256").update(component).digest("hex");
    lines.push(`#${number} = ${name} (${given.join(", ")})`);
    return `#${number}`;
  };
  const exports = model.filter((item) => item.is === "export").sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const item of exports) {
    const target = at(item.ref);
    if (target !== free) lines.push(`export ${item.name} = ${target}`);
  }
  // Instances that nothing leads to still run when they are made.
  for (const item of model) if (item.is === "instance" && !isDead?.(componentOf(item))) instance(item);
  lines.push(...model.flatMap((item) => (item.is === "import" ? [item.name] : [])).sort());
  return lines.join("\n");
}

const free = "a module's";
const dead = "a denial";
