/** What a CapabilityGrant says of entries that mean nothing, too much, or something else: input → message. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeGrant, grantOf } from "../../provider/capabilities/grant.ts";
import type { GrantInputs } from "../../provider/capabilities/grantFields.ts";
import { unknown } from "../../provider/schema/fields.ts";
import { OutputValue, type Properties, Secret, type Value } from "../../provider/values.ts";
import { TestEngine } from "./harness.ts";

const type = "wasm:index:CapabilityGrant";

let engine: TestEngine;
beforeAll(async () => {
  engine = await TestEngine.attach();
});
afterAll(() => engine.close());

const wholeOrigin = "has a path or query, but a grant names whole origins; write https://api.example.com";
const oneWildcard = "has a wildcard elsewhere than once, at the start; write *.example.com";
const badPort = "has a port that is not a number from 1 to 65535; leave it out for the scheme's own";
const control = "holds a space or a control character; leave it out";

const origins: [origin: string, message: string][] = [
  ["api.example.com", "has no scheme; write https://api.example.com"],
  ["api.example.com:8443", "has no scheme; write https://api.example.com:8443"],
  ["//api.example.com", "has no scheme; write for example https://api.example.com"],
  ["", "has no scheme; write for example https://api.example.com"],
  ["ftp://api.example.com", "has the scheme ftp; http grants take http:// and https:// (see sockets for other protocols)"],
  ["https://api.example.com/v1", wholeOrigin],
  ["https://api.example.com/", wholeOrigin],
  ["https://api.example.com?q=1", wholeOrigin],
  ["https://api.example.com#top", wholeOrigin],
  ["https://*.*.example.com", oneWildcard],
  ["https://*.example.*", oneWildcard],
  ["https://api.*.com", oneWildcard],
  ["https://a*.example.com", oneWildcard],
  ["https://*", "would name every host; name the hosts, or a domain such as *.example.com"],
  ["https://*.com", "would name every host under .com; add a label, such as *.example.com"],
  ["https://api.example.com:0", badPort],
  ["https://api.example.com:65536", badPort],
  ["https://api.example.com:http", badPort],
  ["https://api.example.com:", badPort],
  ["https://user:pass@api.example.com", "holds user information before the @; leave it out, and pass credentials as bindings"],
  ["https://", "names no host; write for example api.example.com"],
  ["https://[::1", "has no IPv6 address between the brackets; write for example [::1]"],
  ["https://0x7f.1", "is an unusual form of the address 127.0.0.1; write 127.0.0.1"],
  ["https://api.exa\u0000mple.com", control],
  ["https://api.example.com\n", control],
  [" https://api.example.com", control],
]; // biome-ignore format: a table

it.each(origins)("http: %j", async (origin, message) => {
  const { failures } = await engine.check(type, { http: ["https://good.example.com", origin] });
  expect(failures).toEqual([{ property: "http[1]", reason: message }]);
});

const web = grant("web", { http: ["https://api.example.com"] });
const data = grant("data", { filesystem: [{ path: "/data", access: "read", volume: "catalog" }] });
const uploads = grant("uploads", { filesystem: [{ path: "/data", access: "write", volume: "incoming" }] });

function grant(name: string, inputs: GrantInputs): string {
  return encodeGrant(grantOf(name, inputs));
}

const typesAndNames: [input: string, inputs: Properties, property: string, message: string][] = [
  ["text for a list", { http: "https://a.example.com" }, "http", "expected a list, got a string"],
  ["a list for an object", { ambient: ["clocks"] }, "ambient", "expected an object, got a list"],
  ["a number, two levels deep", { environment: [8080] }, "environment[0]", "expected a string, got a number"],
  ["text for an object, two levels deep", { sockets: ["10.0.0.1:5432"] }, "sockets[0]", "expected an object, got a string"],
  ["a number, three levels deep", { sockets: [{ host: 10, protocol: "tcp", ports: ["1"] }] }, "sockets[0].host", "expected a string, got a number"],
  ["a number, four levels deep", { sockets: [{ host: "::1", protocol: "tcp", ports: [5432] }] }, "sockets[0].ports[0]", "expected a string, got a number"],
  ["none of the words", { sockets: [{ host: "::1", protocol: "sctp", ports: ["1"] }] }, "sockets[0].protocol", 'expected "tcp" or "udp"'],
  ["a word for true or false", { ambient: { clocks: "off" } }, "ambient.clocks", "expected true or false, got a string"],
  ["a property left out", { filesystem: [{ path: "/data", access: "read" }] }, "filesystem[0].volume", "is required: Name of the volume"],
  ["an unknown property", { htpp: [] }, "htpp", "unknown property; the properties are http, sockets, nameLookup, filesystem, environment, config, keyValue, blobs, messaging, sql, calls, interfaces, ambient, extends"],
  ["an unknown property, three levels deep", { filesystem: [{ path: "/data", access: "read", volume: "v", mode: 1 }] }, "filesystem[0].mode", "unknown property; the properties are path, access, volume"],
  ["an unknown property beside unusual letters", { "a b": 1 }, '["a b"]', "unknown property; the properties are http, sockets, nameLookup, filesystem, environment, config, keyValue, blobs, messaging, sql, calls, interfaces, ambient, extends"],
  ["a value for a key", { environment: ["TOKEN=abc"] }, "environment[0]", "holds a value; name the key alone and give the value in the App's bindings"],
  ["a grant's name for its output", { extends: ["stripe"] }, "extends[0]", "is not the `grant` output of a CapabilityGrant of this version"],
  ["a grant for a list of them", { extends: web }, "extends", "expected a list, got a string"],
  ["the same grant twice", { extends: [web, data, web] }, "extends[2]", "is the same grant as entry 0; leave one out"],
  ["another volume than an included grant has", { filesystem: [{ path: "/data", access: "read", volume: "mine" }], extends: [web, data] }, "extends[1]", "grant data has the volume catalog at /data, where this grant has mine; give one of them another path"],
  ["two included grants with a volume each", { extends: [data, uploads] }, "extends[1]", "grant uploads has the volume incoming at /data, where grant data has catalog; give one of them another path"],
  ["a relative path in the guest", { filesystem: [{ path: "data", access: "read", volume: "v" }] }, "filesystem[0].path", "is not absolute; begin it with /, as the guest sees it"],
]; // biome-ignore format: a table

it.each(typesAndNames)("%s", async (_input, inputs, property, message) => {
  const { failures } = await engine.check(type, inputs);
  expect(failures).toEqual([{ property, reason: message }]);
});

it("says all of it at once", async () => {
  const { failures } = await engine.check(type, {
    http: ["a.example.com", "https://b.example.com", "https://*"],
    sockets: [{ host: 1, protocol: "sctp", ports: [] }],
    more: true,
  });
  expect(failures.map(({ property }) => property).sort()).toEqual(
    ["http[0]", "http[2]", "more", "sockets[0].host", "sockets[0].ports", "sockets[0].protocol"].sort(),
  );
});

describe("a secret", () => {
  const reason =
    "is secret; what goes into an artifact can be read by everybody who has it. Pass secrets as bindings of the App. If the " +
    "value is secret only because what it was taken from is, take the mark off (`pulumi.unsecret`)";
  const secrets: [secret: string, value: (origin: string) => Value, property: string][] = [
    ["as an entry", (origin) => [new Secret(origin)], "http[0] (secret)"],
    ["as the whole list", (origin) => new Secret([origin]), "http (secret)"],
    ["as an output", (origin) => [new OutputValue(origin, true, [])], "http[0] (secret)"],
    ["in an output that is none itself", (origin) => new OutputValue([new Secret(origin)], false, []), "http[0] (secret)"],
  ]; // biome-ignore format: a table
  const origins = ["https://hidden7.example.com", "gopher9://hidden7", "https://0x7f.1"];
  const cases = secrets.flatMap(([name, value, property]) =>
    origins.map((origin) => ({ name, value, property, origin })),
  );

  it.each(cases)("$name is refused, and nothing of $origin is told", async ({ value, property, origin }) => {
    const { failures } = await engine.check(type, { http: value(origin) });
    expect(failures).toEqual([{ property, reason }]);
  });

  it("that is not known yet is refused as well", async () => {
    const { failures } = await engine.check(type, { environment: [new OutputValue(unknown, true, [])] });
    expect(failures).toEqual([{ property: "environment[0] (secret)", reason }]);
  });

  it("keeps the message of what beside it is wrong", async () => {
    const { failures } = await engine.check(type, {
      http: [new Secret("hidden7"), "api.example.com"],
      sockets: new Secret([{ host: 1 }]),
    });
    expect(failures).toEqual([
      { property: "http[0] (secret)", reason },
      { property: "sockets (secret)", reason },
      { property: "http[1]", reason: "has no scheme; write https://api.example.com" },
    ]);
  });
});
