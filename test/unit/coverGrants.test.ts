/** What a grant opens, contradicts, or is there for in vain. */
import { describe, expect, test } from "vitest";
import { unknown } from "../../provider/schema/fields.ts";
import { covered, grant, http } from "./coverSetup.ts";

describe("a grant", () => {
  test("opens the imports of its family and no others", () => {
    const imports = [http, "wasi:sockets/tcp@0.2.0"];
    const { errors, open } = covered(imports, { grants: [grant({ http: ["https://a.com"] })] });
    expect(open.http).toEqual([http]);
    expect(errors.map((error) => error.imports)).toEqual([["wasi:sockets/tcp@0.2.0"]]);
  });

  test("by name opens exactly that interface and version", () => {
    const grants = [grant({ interfaces: ["acme:ai/model@1.2.0"] })];
    expect(covered(["acme:ai/model@1.2.0", "fast: acme:ai/model@1.2.0"], { grants }).errors).toEqual([]);
    expect(covered(["acme:ai/model@1.2.1"], { grants }).errors).toHaveLength(1);
  });

  test("of nothing opens nothing", () => {
    expect(covered([http], { grants: [grant({ http: [] })] }).errors).toHaveLength(1);
  });

  test("and a denial of the same import contradict each other", () => {
    const grants = [grant({ http: ["https://a.com"] })];
    const { errors, denied } = covered([http], { grants, denied: ["wasi:http/outgoing-handler"] });
    expect(errors[0]?.message).toMatch(/a grant opens it \(http\)/);
    expect(denied).toEqual([]);
  });

  test("whose family no import uses is a warning that names the entries", () => {
    const grants = [grant({ http: ["https://a.com"], environment: ["A", "B"] }, "stripe")];
    const { warnings, errors } = covered([http], { grants });
    expect(errors).toEqual([]);
    expect(warnings).toEqual([
      "grant stripe: no import of module main uses environment A, environment B; remove it, or correct the module",
    ]);
  });

  describe("for sockets of one protocol", () => {
    const socket = (protocol: string) => ({ host: "10.0.0.0/8", protocol, ports: ["1"] });
    const socketsOf = (protocol: string) =>
      [protocol, `${protocol}-create-socket`].map((name) => `wasi:sockets/${name}@0.2.3`);
    const handles = ["wasi:sockets/network@0.2.3", "wasi:sockets/instance-network@0.2.3"];
    const all = [...socketsOf("tcp"), ...socketsOf("udp"), ...handles];

    test.each([
      ["tcp", "udp"],
      ["udp", "tcp"],
    ])("opens %s, not %s", (one, other) => {
      const grants = [grant({ sockets: [socket(one)] })];
      const { errors, open } = covered(all, { grants });
      expect(open).toEqual({ sockets: [...socketsOf(one), ...handles] });
      expect(errors.map(({ imports }) => imports)).toEqual([socketsOf(other)]);
      const denied = socketsOf(other);
      expect(covered(all, { grants, denied })).toMatchObject({ errors: [], denied, warnings: [] });
      const [contradiction] = covered(all, { grants, denied: socketsOf(one) }).errors;
      expect(contradiction?.message).toMatch(/a grant opens it \(sockets\)/);
    });

    test("is used by the imports of that protocol alone", () => {
      const grants = [grant({ sockets: [socket("tcp"), socket("udp")] })];
      expect(covered([...socketsOf("tcp"), ...handles], { grants })).toMatchObject({
        errors: [],
        warnings: [
          "grant g: no import of module main uses sockets udp 10.0.0.0/8 ports 1; remove it, or correct the module",
        ],
      });
      expect(covered(handles, { grants }).warnings.join()).toMatch(/sockets tcp .*, sockets udp /);
    });

    test("opens both where both are granted, by whichever grants", () => {
      const grants = [grant({ sockets: [socket("tcp")] }, "a"), grant({ sockets: [socket("udp")] }, "b")];
      expect(covered(all, { grants })).toMatchObject({ errors: [], open: { sockets: all } });
    });

    test("leaves the other to an entry that is not known yet", () => {
      const { errors, open, undecided } = covered(all, {
        grants: [grant({ sockets: [socket("tcp"), unknown] })],
      });
      expect(errors).toEqual([]);
      expect(undecided).toEqual(socketsOf("udp"));
      expect(open).toEqual({ sockets: [...socketsOf("tcp"), ...handles] });
    });

    test("is not what a look-up opens", () => {
      const { errors, open } = covered(all, { grants: [grant({ nameLookup: ["db.example.com"] })] });
      expect(open).toEqual({ nameLookup: handles });
      expect(errors.map(({ imports }) => imports)).toEqual([socketsOf("tcp"), socketsOf("udp")]);
    });

    test("leaves the other to the language that brings both in", () => {
      const python = [{ field: "processed-by", name: "component-init-transform", version: "0" }];
      expect(covered(all, { grants: [grant({ sockets: [socket("tcp")] })] }, python)).toMatchObject({
        errors: [],
        quietlyDenied: socketsOf("udp"),
      });
    });
  });

  test("for a socket to a name needs the look-up of that name", () => {
    const imports = ["wasi:sockets/tcp@0.2.0", "wasi:sockets/ip-name-lookup@0.2.0"];
    const sockets = [{ host: "db.example.com", protocol: "tcp", ports: ["1"] }];
    expect(covered(imports.slice(0, 1), { grants: [grant({ sockets })] }).warnings.join()).toMatch(
      /nameLookup: \["db\.example\.com"\]/,
    );
    expect(
      covered(imports, { grants: [grant({ sockets }), grant({ nameLookup: ["*.example.com"] })] }).warnings,
    ).toEqual([]);
  });

  test("that puts another volume at a path of another grant is an error", () => {
    const at = (volume: string) => ({ filesystem: [{ path: "/data", access: "read", volume }] });
    const grants = [grant(at("one"), "a"), grant(at("two"), "b")];
    expect(covered(["wasi:filesystem/preopens@0.2.0"], { grants }).errors[0]?.message).toMatch(
      /grants a and b put different volumes at \/data/,
    );
    expect(
      covered(["wasi:filesystem/preopens@0.2.0"], { grants: [grant(at("one")), grant(at("one"))] }).errors,
    ).toEqual([]);
  });
});
