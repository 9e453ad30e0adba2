import { expect, test } from "vitest";
import { type Reach, reachLines } from "../../provider/capabilities/reach.ts";
import type { ReportEntry } from "../../provider/capabilities/report.ts";

const calls = (from: string, to: string, more: Partial<Reach> = {}): Reach => ({
  from,
  import: `acme:${to}/api@1.0.0`,
  to,
  handles: false,
  ...more,
});

const may = (module: string, family: ReportEntry["family"], entry: string): ReportEntry => ({
  module,
  grant: "grant",
  family,
  entry,
  artifact: "exact",
  target: "exact",
});

const web = may("api", "http", "https://api.example.com");
const key = may("api", "environment", "KEY");

test("each entry of a module that another one calls has a line", () => {
  expect(reachLines([calls("front", "api")], [web, key])).toEqual([
    "front calls api, directly or not, which may http https://api.example.com",
    "front calls api, directly or not, which may environment KEY",
  ]);
});

test("what is reached through others counts, by whatever way", () => {
  const links = [calls("front", "auth"), calls("auth", "users"), calls("users", "api")];
  const lines = [
    "auth calls api, directly or not, which may environment KEY",
    "front calls api, directly or not, which may environment KEY",
    "users calls api, directly or not, which may environment KEY",
  ];
  expect(reachLines(links, [key])).toEqual(lines);
  expect(reachLines(links.toReversed(), [key])).toEqual(lines);
});

test("two ways to a module are one line, and so are two imports from it", () => {
  const links = [
    calls("front", "left"),
    calls("front", "right"),
    calls("left", "api"),
    calls("right", "api"),
    calls("right", "api", { import: "acme:api/other@1.0.0" }),
  ];
  expect(reachLines(links, [key]).filter((line) => line.startsWith("front"))).toEqual([
    "front calls api, directly or not, which may environment KEY",
  ]);
});

test("a call goes one way: who is called reaches nothing of its caller's", () => {
  expect(reachLines([calls("api", "helper")], [key])).toEqual([]);
});

test("modules that stand in a ring end the walk, and none reaches itself", () => {
  const links = [calls("api", "b"), calls("b", "c"), calls("c", "api")];
  expect(reachLines(links, [key])).toEqual([
    "b calls api, directly or not, which may environment KEY",
    "c calls api, directly or not, which may environment KEY",
  ]);
});

test("a link whose types carry handles is named, with or without grants, and one that carries none is not", () => {
  const links = [
    calls("front", "api", { import: "wasi:http/outgoing-handler@0.2.4", handles: true }),
    calls("front", "auth"),
  ];
  expect(reachLines(links, [])).toEqual([
    "api can hand front what it holds, over wasi:http/outgoing-handler@0.2.4",
  ]);
});

test("neighbours without grants and without handles say nothing", () => {
  expect(reachLines([calls("front", "api")], [may("other", "config", "greeting")])).toEqual([]);
});
