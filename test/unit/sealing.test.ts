/** What becomes of a module's standard streams where its grants take them away. Real runs: `test/runtime/sealedAmbient.test.ts`. */
import { describe, expect, test } from "vitest";
import { type SealedModule, type SealingInput, sealModule } from "../../provider/capabilities/sealing.ts";
import { grant } from "./coverSetup.ts";

const silence = { ambient: { stdio: false } };
const at = (names: string, version = "0.2.12") => names.split(" ").map((name) => `wasi:${name}@${version}`);

const standard = at("cli/stdin cli/stdout cli/stderr");
const streams = [...standard, ...at("cli/terminal-stdout cli/terminal-output io/error io/poll io/streams")];
const [clock = ""] = at("clocks/monotonic-clock");
const httpTypes = "wasi:http/types@0.2.10";
const outgoing = "wasi:http/outgoing-handler@0.2.10";

function sealed(
  imports: string[],
  grants: object[] = [silence],
  input: Partial<SealingInput> = {},
): SealedModule {
  return sealModule({
    module: "main",
    imports,
    linked: new Set(),
    grants: grants.map((inputs) => grant(inputs)),
    denied: [],
    isShared: false,
    ...input,
  });
}

test("streams are the host's where nothing is taken away", () => {
  expect(sealed([...streams, clock], [])).toMatchObject({ guards: {}, denied: [] });
});

describe("standard streams that are taken away lead nowhere", () => {
  test("where the module has no others", () => {
    const others = at("cli/exit random/random clocks/wall-clock");
    expect(sealed([...streams, ...others])).toMatchObject({ guards: { stdio: streams }, denied: [] });
  });

  test("beside the clock, which the same guard passes on", () => {
    expect(sealed([...streams, clock])).toMatchObject({
      guards: { "stdio-clock": [...streams, clock] },
      denied: [],
    });
  });

  test("beside a clock that is taken away too, without asking the host for it", () => {
    const both = { ambient: { stdio: false, clocks: false } };
    expect(sealed([...streams, clock], [both])).toMatchObject({
      guards: { stdio: streams },
      denied: [clock],
    });
  });

  test("beside guards whose interfaces have no streams", () => {
    const others = ["wasi:keyvalue/store@0.2.0-draft", "wasi:config/store@0.2.0-rc.1"];
    const { guards } = sealed(
      [...streams, ...others],
      [silence, { keyValue: ["carts"], config: ["greeting"] }],
    );
    expect(guards.stdio).toEqual(streams);
  });

  test("in a command that may not send the requests whose types it has", () => {
    const exports = ["wasi:cli/run@0.2.0"];
    expect(sealed([...streams, clock, outgoing, httpTypes], [silence], { exports })).toMatchObject({
      guards: { "stdio-clock": [...streams, clock] },
      denied: [outgoing, httpTypes],
    });
  });
});

describe("standard streams that are taken away trap", () => {
  const trapping = (imports: string[], grants: object[] = [], input: Partial<SealingInput> = {}) => {
    const { guards, denied } = sealed([...streams, ...imports], [silence, ...grants], input);
    return { silent: "stdio" in guards || "stdio-clock" in guards, denied };
  };
  const files = { filesystem: [{ path: "/data", access: "read", volume: "data" }] };
  const network = { sockets: [{ host: "10.0.0.1", protocol: "tcp", ports: ["1"] }] };
  const command = { exports: ["wasi:cli/run@0.2.0"] };

  test.each<[what: string, imports: string[], grants: object[], input: Partial<SealingInput>]>([
    ["answers requests", [httpTypes], [], { exports: ["wasi:http/incoming-handler@0.2.0"] }],
    ["has types of HTTP, and nobody knows what it exports", [httpTypes], [], {}],
    ["sends requests", [httpTypes, outgoing], [{ http: ["https://a.example"] }], command],
    ["has files", at("filesystem/types filesystem/preopens"), [files], command],
    ["has sockets", at("sockets/tcp sockets/tcp-create-socket"), [network], command],
    [
      "has something that nobody knows",
      ["acme:ai/model@1.2.0"],
      [{ interfaces: ["acme:ai/model@1.2.0"] }],
      {},
    ],
    ["takes streams from another module", [], [], { linked: new Set(at("io/streams")) }],
    ["takes its clock from another module", [clock], [], { linked: new Set([clock]) }],
  ])("where the module %s", (_what, imports, grants, input) => {
    expect(trapping(imports, grants, input)).toEqual({ silent: false, denied: standard });
  });

  test("in a version that no guard knows", () => {
    const imports = at("cli/stdout", "0.3.0");
    expect(sealed(imports, [silence], { denied: ["wasi:cli/stdout"] })).toMatchObject({
      guards: {},
      denied: imports,
    });
  });
});
