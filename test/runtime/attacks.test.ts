import { join } from "node:path";
import { expect, test } from "vitest";
import { families } from "./attacks/all.ts";
import { page } from "./attacks/page.ts";

test("each row has a name of its own", () => {
  const names = families.flatMap(({ title, worlds }) =>
    Object.entries(worlds).flatMap(([world, { attacks }]) =>
      attacks.map(({ name }) => `${title}: ${world}: ${name}`),
    ),
  );
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
});

test("docs/attacks.md is what the rows say; `npm test -- test/runtime/attacks.test.ts -u` writes it", async () => {
  await expect(`${page()}\n`).toMatchFileSnapshot(join(import.meta.dirname, "../../docs/attacks.md"));
});
