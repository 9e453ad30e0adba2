/** Type definitions of the component model, read for one question: does a value of this type carry a handle? */
import type { Reader } from "../binaryReader.ts";
import { readName } from "../sections.ts";

export interface TypeShape {
  /** Whether an `own`, a `borrow` or a resource occurs in it. */
  handles: boolean;
  /** Of an instance type: what its types and instances are. */
  exports?: ReadonlyMap<string, TypeShape>;
}

/** The types and instances that a definition can refer to. An instance whose type was not read is undefined. */
export interface TypeScope {
  types: TypeShape[];
  instances: (TypeShape | undefined)[];
  outer?: TypeScope;
}

/** What an import or export is declared to be: `externdesc`. */
export interface Description {
  sort: "core:module" | "func" | "type" | "component" | "instance";
  shape: TypeShape;
  /** Of a type: a new resource type. */
  resource?: true;
}

const plain: TypeShape = { handles: false };
const handle: TypeShape = { handles: true };
/** Nothing is known of it, so it may carry anything. */
const unread: TypeShape = handle;

/** `bool` to `string`, and `error-context`. */
function isPrimitive(byte: number): boolean {
  return (byte >= 0x73 && byte <= 0x7f) || byte === 0x64;
}

function anyOf(shapes: readonly TypeShape[]): TypeShape {
  return shapes.some(({ handles }) => handles) ? handle : plain;
}

function typeAt(scope: TypeScope, index: number): TypeShape {
  const shape = scope.types[index];
  if (!shape) throw new Error(`there is no type ${index}`);
  return shape;
}

/** One entry of a type section. */
export function readType(reader: Reader, scope: TypeScope): TypeShape {
  const form = reader.byte();
  if (isPrimitive(form)) return plain;
  const value = () => readValue(reader, scope);
  const optional = () => (reader.flag("presence") ? value() : plain);
  const labels = () => {
    reader.many(() => reader.string());
    return plain;
  };
  switch (form) {
    case 0x3f: // a resource, its representation and its destructor
      reader.byte();
      if (reader.flag("destructor")) reader.u32();
      return handle;
    case 0x40: // func
    case 0x43: // async func
      return anyOf([...readFields(reader, value), readResult(reader, value)]);
    case 0x41: // component
    case 0x42: // instance
      return readDeclarations(reader, scope, form === 0x41);
    case 0x72: // record
      return anyOf(readFields(reader, value));
    case 0x71: // variant
      return anyOf(reader.many(() => readCase(reader, optional)));
    case 0x70: // list
    case 0x6b: // option
      return value();
    case 0x67: {
      // list of a fixed length
      const shape = value();
      reader.u32();
      return shape;
    }
    case 0x63: // map
      return anyOf([value(), value()]);
    case 0x6f: // tuple
      return anyOf(reader.many(value));
    case 0x6e: // flags
    case 0x6d: // enum
      return labels();
    case 0x6a: // result
      return anyOf([optional(), optional()]);
    case 0x69: // own
    case 0x68: // borrow
      typeAt(scope, reader.u32());
      return handle;
    case 0x66: // stream
    case 0x65: // future
      return optional();
    default:
      throw reader.unknown("type", form);
  }
}

/** `externdesc` */
export function readDescription(reader: Reader, scope: TypeScope): Description {
  const sort = reader.byte();
  switch (sort) {
    case 0x00:
      if (reader.byte() !== 0x11) throw new Error("only core modules can be imported among core items");
      reader.u32();
      return { sort: "core:module", shape: plain };
    case 0x01:
      return { sort: "func", shape: typeAt(scope, reader.u32()) };
    case 0x03:
      if (reader.flag("type bound")) return { sort: "type", shape: handle, resource: true };
      return { sort: "type", shape: typeAt(scope, reader.u32()) };
    case 0x04:
      return { sort: "component", shape: typeAt(scope, reader.u32()) };
    case 0x05:
      return { sort: "instance", shape: typeAt(scope, reader.u32()) };
    default:
      throw reader.unknown("sort", sort);
  }
}

/** `valtype`: a primitive type, or the index of a type. */
export function readValue(reader: Reader, scope: TypeScope): TypeShape {
  const byte = reader.peek();
  if (byte < 0x40 || byte > 0x7f) return typeAt(scope, reader.u32());
  reader.byte();
  if (!isPrimitive(byte)) throw reader.unknown("value type", byte);
  return plain;
}

/** `resultlist` */
export function readResult(reader: Reader, value: () => TypeShape): TypeShape {
  if (!reader.flag("result")) return value();
  const count = reader.byte();
  if (count !== 0) throw reader.unknown("number of results", count);
  return plain;
}

function readFields(reader: Reader, value: () => TypeShape): TypeShape[] {
  return reader.many(() => {
    reader.string();
    return value();
  });
}

function readCase(reader: Reader, optional: () => TypeShape): TypeShape {
  reader.string();
  const shape = optional();
  const end = reader.byte();
  if (end !== 0) throw reader.unknown("end of a case", end);
  return shape;
}

/** The type of a component or of an instance. */
function readDeclarations(reader: Reader, outer: TypeScope, isComponent: boolean): TypeShape {
  const scope: TypeScope = { types: [], instances: [], outer };
  const exports = new Map<string, TypeShape>();
  const declared = reader.many(() => {
    const form = reader.byte();
    if (form === 0x01) {
      scope.types.push(readType(reader, scope));
      return plain;
    }
    if (form === 0x02) {
      readAlias(reader, scope);
      return plain;
    }
    if (form !== 0x04 && !(isComponent && form === 0x03)) throw reader.unknown("declaration", form);
    const { name } = readName(reader);
    const { sort, shape } = readDescription(reader, scope);
    if (sort === "type") scope.types.push(shape);
    if (sort === "instance") scope.instances.push(shape);
    if (form === 0x04) exports.set(name, shape);
    return shape;
  });
  return { handles: anyOf(declared).handles, exports };
}

/** An alias in a type names another type, or an instance that has types. */
function readAlias(reader: Reader, scope: TypeScope): void {
  const sort = reader.byte();
  if (sort !== 0x03 && sort !== 0x05) throw reader.unknown("sort of an alias in a type", sort);
  const target = reader.byte();
  if (target === 0x00) {
    const shape = exportOf(scope, reader.u32(), reader.string());
    if (sort === 0x03) scope.types.push(shape);
    else scope.instances.push(shape);
  } else if (target === 0x02 && sort === 0x03) {
    scope.types.push(outerType(scope, reader.u32(), reader.u32()));
  } else throw reader.unknown("alias in a type", target);
}

export function exportOf({ instances }: TypeScope, instance: number, name: string): TypeShape {
  if (instance >= instances.length) throw new Error(`there is no instance ${instance}`);
  return instances[instance]?.exports?.get(name) ?? unread;
}

/** What is outside of the bytes at hand is not known. */
export function outerType(scope: TypeScope, count: number, index: number): TypeShape {
  let found: TypeScope | undefined = scope;
  for (let left = count; left > 0 && found; left -= 1) found = found.outer;
  return found ? typeAt(found, index) : unread;
}
