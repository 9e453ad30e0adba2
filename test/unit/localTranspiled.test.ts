import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as z from "zod";
import { TRANSPILER_VERSION } from "../../provider/targets/local/transpiled.ts";

const manifest = new URL("../../node_modules/@bytecodealliance/jco-transpile/package.json", import.meta.url);

test("compiled code is cached under the version of the transpiler that makes it", () => {
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(readFileSync(manifest, "utf8")));
  expect(TRANSPILER_VERSION.startsWith(`jco-transpile-${version}-`)).toBe(true);
});
