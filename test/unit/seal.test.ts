import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { encodeGrant, grantOf } from "../../provider/capabilities/grant.ts";
import { Workshop } from "./composeSetup.ts";

const shop = await Workshop.open();
const guest = (name: string) => readFile(join(import.meta.dirname, `../fixtures/guests/${name}.wasm`));
const grant = (inputs: object) => encodeGrant(grantOf("g", inputs));

test("seals", async () => {
  const client = await shop.add(await guest("client"));
  const spec = {
    modules: { client },
    access: { client: { grants: [grant({ http: ["https://a.test"], environment: ["KEY"] })] } },
  };
  const planned = await shop.composer.plan(spec);
  console.log(planned);
  const made = await shop.composer.compose(spec);
  console.log(made.imports, made.size, (await guest("client")).length);
  const none = await shop.composer.compose({ modules: { client }, access: {} });
  console.log(none.imports, none.size);
});
