/** Every small change to how a composition is put together, one at a time. */
import { countBefore, type Item, type Model, type Ref, sorts } from "./proofModel.ts";

export interface Mutant {
  /** What was done, for messages. */
  change: string;
  model: Model;
}

type ItemOf<Is extends Item["is"]> = Extract<Item, { is: Is }>;

export function* mutants(model: Model): Generator<Mutant> {
  for (const [place, item] of model.entries()) {
    const change = (what: string, ...items: Item[]): Mutant => ({
      change: `item ${place} (${item.is}): ${what}`,
      model: model.toSpliced(place, 1, ...items),
    });
    const others = (ref: Ref) =>
      indexes(countBefore(model, place, ref.sort)).filter((index) => index !== ref.index);
    if (item.is === "instance") yield* ofInstance(item, model, place, change, others);
    if (item.is === "alias") yield* ofAlias(item, model, change, others);
    if (item.is === "export") yield* ofExport(item, model, place, change, others);
    if (item.is === "import") yield* ofImport(item, change);
  }
  yield* ofComponents(model);
}

type Change = (what: string, ...items: Item[]) => Mutant;
type Others = (ref: Ref) => number[];

function* ofInstance(
  item: ItemOf<"instance">,
  model: Model,
  place: number,
  change: Change,
  others: Others,
): Generator<Mutant> {
  const { args } = item;
  for (const of of others({ sort: sorts.component, index: item.of })) {
    yield change(`made of component ${of}`, { ...item, of });
  }
  for (const [at, arg] of args.entries()) {
    for (const index of others(arg)) {
      yield change(`${arg.name} is ${index}`, { ...item, args: args.with(at, { ...arg, index }) });
    }
    yield change(`without ${arg.name}`, { ...item, args: args.toSpliced(at, 1) });
    yield change(`${arg.name} twice`, { ...item, args: [...args, arg] });
    for (const [to, other] of args.entries()) {
      if (to <= at || other.sort !== arg.sort) continue;
      const swapped = args.with(at, { ...arg, index: other.index }).with(to, { ...other, index: arg.index });
      yield change(`${arg.name} and ${other.name} swapped`, { ...item, args: swapped });
    }
  }
  for (const name of importNames(model)) {
    if (args.some((arg) => arg.name === name)) continue;
    const index = countBefore(model, place, sorts.instance) - 1;
    if (index >= 0)
      yield change(`also given ${name}`, { ...item, args: [...args, { name, sort: sorts.instance, index }] });
  }
  // At the end, where it moves nothing.
  yield { change: `item ${place} (instance): made twice`, model: [...model, { ...item }] };
}

function* ofAlias(item: ItemOf<"alias">, model: Model, change: Change, others: Others): Generator<Mutant> {
  for (const of of others({ sort: sorts.instance, index: item.of }))
    yield change(`of instance ${of}`, { ...item, of });
  for (const name of exportNames(model)) {
    if (name !== item.name) yield change(`named ${name}`, { ...item, name });
  }
}

function* ofExport(
  item: ItemOf<"export">,
  model: Model,
  place: number,
  change: Change,
  others: Others,
): Generator<Mutant> {
  for (const index of others(item.ref)) {
    yield change(`of ${index}`, { ...item, ref: { ...item.ref, index } });
    yield change(`and one more, of ${index}`, item, {
      is: "export",
      name: "test:more/more",
      ref: { ...item.ref, index },
    });
  }
  yield change("named otherwise", { ...item, name: "test:more/more" });
  yield change("left out", ...[]);
  const instances = countBefore(model, place, sorts.instance);
  for (const index of indexes(instances)) {
    const ref = { sort: sorts.instance, index };
    yield change(`instance ${index} in its place`, { ...item, ref });
  }
}

function* ofImport(item: ItemOf<"import">, change: Change): Generator<Mutant> {
  yield change("named otherwise", { ...item, name: "test:more/more" });
  yield change("of another version", { ...item, name: item.name.replace(/@.*$/, "@9.9.9") });
  yield change("twice", item, { ...item, name: "test:more/more" });
}

/** Components in the place of one another, and with a byte changed. */
function* ofComponents(model: Model): Generator<Mutant> {
  const places = [...model.entries()].flatMap(([place, item]) =>
    item.is === "component" ? [{ place, item }] : [],
  );
  for (const { place, item } of places) {
    for (const other of places) {
      if (other.place === place) continue;
      yield { change: `component ${place} is ${other.place}`, model: model.with(place, other.item) };
      if (other.place < place) continue;
      const swapped = model.with(place, other.item).with(other.place, item);
      yield { change: `components ${place} and ${other.place} swapped`, model: swapped };
    }
    yield* changedBytes(place, item, model);
  }
}

/** Each byte of a small component in several ways, and some bytes of a large one. */
function* changedBytes(place: number, item: ItemOf<"component">, model: Model): Generator<Mutant> {
  const { length } = item.bytes;
  const step = length < 500 ? 1 : Math.ceil(length / 50);
  for (let at = 0; at < length; at += step) {
    for (const bits of length < 500 ? [0x01, 0x42] : [0x01]) {
      const bytes = item.bytes.with(at, item.bytes[at]! ^ bits);
      yield {
        change: `component ${place}: byte ${at} ^ ${bits}`,
        model: model.with(place, { ...item, bytes }),
      };
    }
  }
}

function importNames(model: Model): string[] {
  return [
    ...new Set(model.flatMap((item) => (item.is === "instance" ? item.args.map(({ name }) => name) : []))),
  ];
}

function exportNames(model: Model): string[] {
  return [
    ...new Set(model.flatMap((item) => (item.is === "alias" || item.is === "export" ? [item.name] : []))),
  ];
}

function indexes(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
