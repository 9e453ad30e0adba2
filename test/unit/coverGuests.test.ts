/** Cover of real components: the guests of the tests, which are written in Rust. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { digestOf } from "../../provider/artifacts/digest.ts";
import { inspectBytes } from "../../provider/artifacts/inspectBytes.ts";
import type { Inspection } from "../../provider/artifacts/inspection.ts";
import { cover } from "../../provider/capabilities/cover.ts";
import { needs } from "../../provider/capabilities/habits.ts";
import { grant } from "./coverSetup.ts";

describe("real components", () => {
  const folder = join(import.meta.dirname, "../fixtures/guests");
  const guests = new Map<string, Inspection>();
  beforeAll(async () => {
    for (const name of readdirSync(folder).filter((each) => each.endsWith(".wasm"))) {
      const bytes = readFileSync(join(folder, name));
      guests.set(name.replace(".wasm", ""), await inspectBytes(bytes, digestOf(bytes)));
    }
  });
  const guest = (name: string) => guests.get(name) as Inspection;
  const sockets = (protocol: string) => ({ host: "127.0.0.1", protocol, ports: ["1"] });

  test.each<[string, object, string[]]>([
    ["echo", {}, []],
    ["client", { http: ["http://localhost"] }, []],
    ["client", {}, ["wasi:http/outgoing-handler@0.2.4"]],
    ["files", { filesystem: [{ path: "/d", access: "read", volume: "v" }] }, []],
    ["config", { config: ["a"] }, []],
    ["sockets", { sockets: [sockets("tcp"), sockets("udp")], nameLookup: ["a.example"] }, []],
    [
      "sockets",
      { nameLookup: ["a.example"] },
      ["tcp", "tcp-create-socket", "udp", "udp-create-socket"]
        .map((name) => `wasi:sockets/${name}@0.2.6`)
        .sort(),
    ],
    ["needs-kv", {}, ["acme:auth/check@1.2.0", "wasi:keyvalue/store@0.2.0-draft"]],
    ["plain", {}, []],
  ])("%s with %j lacks a grant for %j", (name, inputs, expected) => {
    const { errors, quietlyDenied } = cover({
      module: "main",
      inspection: guest(name),
      grants: [grant(inputs)],
      denied: [],
    });
    expect(errors.flatMap(({ imports }) => imports).sort()).toEqual(expected);
    expect(quietlyDenied).toEqual(name === "plain" ? [] : ["wasi:cli/environment@0.2.6"]);
  });

  describe("of a Rust program with a TcpStream", () => {
    const others = ["ip-name-lookup", "udp", "udp-create-socket"].map((name) => `wasi:sockets/${name}@0.2.6`);
    const judged = (...grants: object[]) =>
      cover({
        module: "main",
        inspection: guest("tcp-client"),
        grants: [grant({ environment: ["TO"] }), ...grants.map((inputs) => grant(inputs))],
        denied: [],
      });

    test("asks for a grant of sockets, for these are the program's", () => {
      const { errors, quietlyDenied } = judged();
      const named = errors.flatMap(({ imports }) => imports);
      expect(named.filter((full) => full.startsWith("wasi:sockets/"))).toHaveLength(7);
      expect(quietlyDenied).toEqual([]);
      expect(needs(guest("tcp-client")).program).toEqual(expect.arrayContaining(others));
    });

    test("is admitted with TCP alone, and says what it goes without", () => {
      const { errors, quietlyDenied, summary, warnings } = judged({ sockets: [sockets("tcp")] });
      expect(errors).toEqual([]);
      expect(warnings).toEqual([]);
      expect(new Set(quietlyDenied)).toEqual(new Set(others));
      expect(summary).toBe(
        `module main: denied, and asked for by wasi-libc itself: ${quietlyDenied.join(", ")}; a program that looks names up is told that it may not, unless a grant names them: nameLookup: ["db.example.com"]`,
      );
    });

    test("needs no clock where grants take it away", () => {
      const { errors, quietlyDenied } = judged({ sockets: [sockets("tcp")], ambient: { clocks: false } });
      expect(errors).toEqual([]);
      expect(quietlyDenied).toContain("wasi:clocks/monotonic-clock@0.2.6");
    });

    test("looks names up that are granted", () => {
      const { open, summary } = judged({ sockets: [sockets("tcp")], nameLookup: ["db.example.com"] });
      expect(open.nameLookup).toContain("wasi:sockets/ip-name-lookup@0.2.6");
      expect(summary).not.toContain("nameLookup");
    });
  });

  test("tell what the program means from what Rust brings in", () => {
    expect(needs(guest("client"))).toEqual({
      program: ["wasi:clocks/monotonic-clock@0.2.6", "wasi:http/outgoing-handler@0.2.4"],
      language: [
        "wasi:cli/environment@0.2.6",
        "wasi:cli/stderr@0.2.6",
        "wasi:cli/stdin@0.2.6",
        "wasi:cli/stdout@0.2.6",
      ],
    });
  });
});
