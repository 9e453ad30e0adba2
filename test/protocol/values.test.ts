import fc from "fast-check";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { describe, expect, it } from "vitest";
import { toStruct } from "../../provider/protocol/errors.ts";
import { unknown } from "../../provider/schema/fields.ts";
import {
  Archive,
  Asset,
  decodeProperties,
  encodeProperties,
  OutputValue,
  type Properties,
  ResourceReference,
  redact,
  reveal,
  Secret,
  secretStrings,
  type Value,
  type WireProperties,
} from "../../provider/values.ts";

const assetSignature = "c44067f5952c0a294b673a41bacd8c17";
const signatureKey = "4dabf18193072939515e22adb298388d";

const key = fc.string({ minLength: 1 }).filter((text) => text !== signatureKey && text !== "__proto__");
const urn = fc.constant("urn:pulumi:dev::p::wasm:index:Module::api");

const { value } = fc.letrec<{ value: Value; leaf: Value }>((tie) => ({
  leaf: fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
    fc.string(),
    fc.constant(unknown),
    fc.record({ path: fc.string({ minLength: 1 }) }).map((source) => new Asset(source, "ab".repeat(32))),
    fc.constant(new Asset({ text: "hello" })),
    fc.constant(new Archive({ [signatureKey]: "0def7320c3a5731c473e5ecbe6d01bc7", path: "a.zip" })),
    fc
      .tuple(urn, fc.option(fc.string({ minLength: 1 }), { nil: undefined }))
      .map(([u, id]) => new ResourceReference(u, id)),
  ),
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    tie("leaf"),
    tie("value").map((inner) => new Secret(inner)),
    fc
      .tuple(tie("value"), fc.boolean(), fc.array(urn, { maxLength: 2 }))
      .map(([v, s, d]) => new OutputValue(v, s, d)),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(key, tie("value"), { maxKeys: 3, noNullPrototype: true }),
  ),
}));

function overTheWire(properties: Properties): Properties {
  const bytes = toStruct(encodeProperties(properties)).serializeBinary();
  return decodeProperties(structPb.Struct.deserializeBinary(bytes).toJavaScript() as WireProperties);
}

describe("property values", () => {
  it("survive the wire, nested at any depth", () => {
    fc.assert(
      fc.property(value, (it) => {
        expect(overTheWire({ it })).toEqual({ it });
      }),
    );
  });

  it("take every kind of unknown for unknown", () => {
    const sentinels = [
      "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
      "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
      "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
      "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
      "030794c1-ac77-496b-92df-f27374a8bd58",
      "e48ece36-62e2-4504-bad9-02848725956a",
      "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    ];
    expect(decodeProperties({ all: sentinels })).toEqual({ all: sentinels.map(() => unknown) });
  });

  it("refuse a signature that this version does not know", () => {
    expect(() => decodeProperties({ a: { [signatureKey]: "ffff" } })).toThrow("signature ffff");
  });

  it("read an asset as the engine sends it, with an absolute path and a hash", () => {
    const wire = { [signatureKey]: assetSignature, hash: "00ff", path: "/modules/api.wasm" };
    expect(decodeProperties({ file: wire }).file).toEqual(new Asset({ path: "/modules/api.wasm" }, "00ff"));
  });

  it("reveal what is inside secrets and outputs, and leave nothing of the wrappers", () => {
    const wrapped = { list: [new Secret("a"), new OutputValue(unknown, true, [])], none: new Secret(null) };
    expect(reveal(wrapped)).toEqual({ list: ["a", unknown] });
  });

  it("find every string inside a secret, and free messages of them", () => {
    const secrets = secretStrings({
      a: new Secret({ b: ["hunter2", "hunter22"] }),
      c: new OutputValue("pin", true, []),
      d: "open",
    });
    expect(secrets.sort()).toEqual(["hunter2", "hunter22", "pin"]);
    expect(redact("got hunter22, hunter2 and pin, open", secrets)).toBe(
      "got [secret], [secret] and [secret], open",
    );
  });
});
