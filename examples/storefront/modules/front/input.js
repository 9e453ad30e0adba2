// Reads what a client sent: WIT knows a value's type and not whether it is there.

/** The client's fault; the message is for it. */
export class RequestError extends Error {}

/** A field of an object as `read` has it. Without `absent`, the field is needed. */
export function field(object, name, read, absent) {
  if (typeof object !== "object" || object === null) throw new RequestError("an object is expected");
  if (Object.hasOwn(object, name)) return read(object[name], name);
  if (absent === undefined) throw new RequestError(`${name} is missing`);
  return absent;
}

export function text(value, name) {
  if (typeof value !== "string") throw new RequestError(`${name} is no text`);
  return value;
}

export function list(value, name) {
  if (!Array.isArray(value)) throw new RequestError(`${name} is no list`);
  return value;
}

/** A `u32`. */
export function count(value, name) {
  if (value !== value >>> 0) throw new RequestError(`${name} is no whole number from 0 to 4294967295`);
  return value;
}
