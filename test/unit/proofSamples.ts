import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CompositionSpec } from "../../provider/artifacts/compose/index.ts";
import { type Workshop, wit } from "./composeSetup.ts";
import { granted, type Sealed, seal } from "./proofSetup.ts";

const guest = (name: string) => readFile(join(import.meta.dirname, `../fixtures/guests/${name}.wasm`));

/** As WASI has it: the guard of the environment has to fit. */
export const environment = (version: string) =>
  wit(
    `wasi:cli/environment@${version}`,
    "get-environment: func() -> list<tuple<string, string>>; get-arguments: func() -> list<string>; initial-cwd: func() -> option<string>;",
  );
export const random = "wasi:random/random@0.2.3";
const store = wit(
  "wasi:keyvalue/store@0.2.0-draft",
  "resource bucket { get: func(key: string) -> result<option<list<u8>>, string>; } open: func(name: string) -> result<bucket, string>;",
);

/** Sealed compositions of every shape that there is, small enough to be changed in thousands of ways. */
export async function sealedSamples(shop: Workshop): Promise<(Sealed & { name: string })[]> {
  const api = await shop.module(
    "import acme:auth/check@1.2.0; import wasi:cli/environment@0.2.3; import wasi:random/random@0.2.3; export acme:shop/api;",
    wit("acme:auth/check@1.2.0") +
      environment("0.2.3") +
      wit("wasi:random/random@0.2.3") +
      wit("acme:shop/api"),
  );
  const second = await shop.module(
    "import acme:auth/check@1.2.0; export acme:second/api;",
    wit("acme:auth/check@1.2.0") + wit("acme:second/api"),
  );
  const auth = await shop.module(
    "import wasi:cli/environment@0.2.6; import wasi:keyvalue/store@0.2.0-draft; import log: func(); export acme:auth/check@1.2.0;",
    environment("0.2.6") + store + wit("acme:auth/check@1.2.0"),
  );
  const pure = await shop.module("export acme:auth/check@1.2.0;", wit("acme:auth/check@1.2.0"));
  const variables = await shop.module("export wasi:cli/environment@0.2.3;", environment("0.2.3"));
  const client = await shop.add(await guest("client"));
  const sockets = await shop.add(await guest("sockets"));
  const key = (name: string) => granted({ environment: [name] });
  const check = (from: string, to: string) => ({ from, import: "acme:auth/check", to });

  const specs: Record<string, CompositionSpec> = {
    "one module behind two guards": {
      modules: { client },
      access: { client: granted({ http: ["https://a.test"], calls: ["auth"], environment: ["KEY"] }) },
    },
    "two modules, each with rights of its own": {
      modules: { api, auth },
      access: { api: key("A"), auth: key("B") },
    },
    "two modules, of which one has rights": { modules: { api, auth }, access: { api: key("A") } },
    "one artifact twice, with different rights": {
      modules: { api, second, auth, sso: auth },
      links: [check("api", "auth"), check("second", "sso")],
      access: { auth: key("A"), sso: key("B") },
    },
    "one artifact twice, told apart by links alone": {
      modules: { api, second, auth: pure, sso: pure },
      links: [check("api", "auth"), check("second", "sso")],
    },
    "a guard between two modules": {
      modules: { api, pure, variables },
      links: [{ from: "api", import: "wasi:cli/environment", to: "variables" }],
      access: { api: key("A") },
    },
    "a guard that may use less than it asks for": {
      modules: { sockets },
      access: { sockets: granted({ nameLookup: ["db.test"] }) },
    },
    "a text of the user's": {
      modules: { api, second, auth },
      access: { api: key("A"), auth: key("B") },
      wac: `package acme:shop;
        let a = new module:auth { ... };
        let b = new module:auth { ... };
        let api = new module:api { "acme:auth/check@1.2.0": a["acme:auth/check@1.2.0"], ... };
        let second = new module:second { "acme:auth/check@1.2.0": b["acme:auth/check@1.2.0"] };
        export api["acme:shop/api"];
        export second["acme:second/api"];`,
    },
  };
  const samples: (Sealed & { name: string })[] = [];
  for (const [name, spec] of Object.entries(specs)) samples.push({ name, ...(await seal(shop, spec)) });
  return samples;
}
