/** A module of 100 MB is composed like any other: its bytes are copied, not understood. */
import { expect, test } from "vitest";
import { Workshop } from "../unit/composeSetup.ts";
import { component } from "../unit/inspectComponents.ts";

const workshop = await Workshop.open();
const megabytes = 100;

/** A custom section of that many bytes; its length and that of its name stand before it, in LEB128. */
function customSection(bytes: number): Buffer {
  const name = Buffer.from("data");
  const content = 1 + name.length + bytes;
  const length = [0, 7, 14, 21].map((shift) => ((content >>> shift) & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([0, ...length, content >>> 28, name.length]), name, Buffer.alloc(bytes)]);
}

test("a module of 100 MB", async () => {
  const check = "package acme:auth@1.2.0 { interface check { verify: func() -> bool; } }";
  const small = await component(`package test:auth;\nworld w { export acme:auth/check@1.2.0; }\n${check}`);
  const auth = await workshop.add(Buffer.concat([small, customSection(megabytes * 1e6)]));
  const front = await workshop.module(
    "import acme:auth/check@1.2.0; export acme:shop/api;",
    `${check} package acme:shop { interface api { all: func(); } }`,
  );
  const composed = await workshop.composer.compose({ modules: { auth, front } });
  expect(composed.size).toBeGreaterThan(megabytes * 1e6);
  expect(composed.exports).toEqual(["acme:shop/api"]);
});
