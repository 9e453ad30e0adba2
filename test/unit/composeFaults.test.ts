import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { Composer } from "../../provider/artifacts/compose/index.ts";
import { Workshop, wit } from "./composeSetup.ts";

const shop = await Workshop.open();
const real = pathToFileURL(join(import.meta.dirname, "../../provider/artifacts/compose/composerProcess.ts"));
const modules = { main: await shop.module("export acme:a/a;", wit("acme:a/a")) };
/** While it is there, the process does `fault` in place of composing. */
const marker = join(shop.folder, "faulty");

async function faulty(fault: string, timeoutMilliseconds = 20_000): Promise<Composer> {
  await rm(join(shop.folder, "compositions"), { recursive: true, force: true });
  const script = join(shop.folder, `${crypto.randomUUID()}.mjs`);
  const answer = (code: string) => `process.on("message", async () => { ${code} });`;
  await writeFile(
    script,
    `import fs from "node:fs";\nif (fs.existsSync(${JSON.stringify(marker)})) { ${answer(fault)} process.on("disconnect", () => process.exit()); }\nelse await import(${JSON.stringify(real.href)});`,
  );
  await writeFile(marker, "");
  return new Composer(shop.store, shop.inspector, { script, timeoutMilliseconds });
}

const said = (fault: string) => `process.send({ error: "fault", message: ${fault} });`;

test.each([
  ["a panic", said('"panicked at wac"'), "panicked at wac"],
  ["an end of its process", "process.exit(7);", "it ended with 7"],
  ["a crash of its process", 'process.kill(process.pid, "SIGSEGV");', "it ended with SIGSEGV"],
])("%s of the composer costs that call only", async (_name, fault, detail) => {
  const composer = await faulty(fault);
  await expect(composer.compose({ modules })).rejects.toMatchObject({
    problems: [{ path: "", message: expect.stringContaining(detail) }],
  });
  await rm(marker);
  expect(await composer.compose({ modules })).toMatchObject({ exports: ["acme:a/a"] });
  await composer.close();
});

test("a composition that takes too long is given up, and the next one is not affected", async () => {
  const composer = await faulty("", 300);
  await expect(composer.compose({ modules })).rejects.toMatchObject({
    code: "time-limit",
    message: "The modules could not be composed within 0.3 seconds.",
  });
  await composer.close();
  const patient = await faulty("");
  await rm(marker);
  expect(await patient.compose({ modules })).toMatchObject({ exports: ["acme:a/a"] });
  await patient.close();
});

test("a composition can be cancelled, and those that wait for their turn with it", async () => {
  const composer = await faulty("");
  const cancel = new AbortController();
  const waiting = [1, 2].map(() => composer.compose({ modules }, { signal: cancel.signal }));
  cancel.abort();
  for (const result of await Promise.allSettled(waiting)) {
    expect(result).toMatchObject({ status: "rejected", reason: { code: "cancelled" } });
  }
  await rm(marker);
  expect(await composer.compose({ modules })).toMatchObject({ exports: ["acme:a/a"] });
  await composer.close();
});

test("the process has no rights but to read, and none of the provider's environment", async () => {
  const target = join(shop.folder, "written");
  const attempt = (code: string) =>
    `(() => { try { ${code}; return "done"; } catch (error) { return error.code; } })()`;
  const write = attempt(`fs.writeFileSync(${JSON.stringify(target)}, "x")`);
  const start = attempt('process.getBuiltinModule("node:child_process").execFileSync("true")');
  const composer = await faulty(said(`[${write}, ${start}, process.env.PATH, process.env.HOME].join(" ")`));
  await expect(composer.compose({ modules })).rejects.toThrow("(ERR_ACCESS_DENIED ERR_ACCESS_DENIED  )");
  expect(existsSync(target)).toBe(false);
  await rm(marker);
  await composer.close();
});

test("an answer that is none of the composer's is not believed", async () => {
  const composer = await faulty("process.send({ bytes: 'x' });");
  await expect(composer.compose({ modules })).rejects.toThrow();
  await rm(marker);
  await composer.close();
});
