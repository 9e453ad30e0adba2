/** What the figures of `npm run bench` rest on. Nothing here is timed. */
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { describe as line } from "../../bench/figures.ts";
import { interleave, median, ratio } from "../../bench/measure.ts";
import { echo, echoAnswering, padded } from "../../bench/modules.ts";
import { digestOf } from "../../provider/artifacts/digest.ts";
import { inspectBytes } from "../../provider/artifacts/inspectBytes.ts";

test("the median is the middle, whatever the order, or half-way between two middles", () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 100, 2])).toBe(3);
  expect(ratio([9, 1, 6], [2, 2, 2])).toBe(3);
});

test("what is compared is measured in turn, and the first round does not count", async () => {
  const order: string[] = [];
  const subject = (name: string) => async () => order.push(name);
  const samples = await interleave(2, { a: subject("a"), b: subject("b") });
  expect(order).toEqual(["a", "b", "a", "b", "a", "b"]);
  expect(samples).toEqual({ a: [3, 5], b: [4, 6] });
});

test("a line says what was compared, the goal, and whether it was met", () => {
  const figure = {
    name: "Start",
    value: 1.3,
    unit: "times",
    against: "that of a server",
    atMost: 1.3,
  } as const;
  expect(line(figure)).toBe("Start: 1.30 times that of a server (goal: at most 1.3; met)");
  expect(line({ ...figure, value: 1.301 })).toContain("missed");
  expect(line({ name: "Parsed", value: 0, unit: "count", atMost: 0 })).toBe(
    "Parsed: 0 (goal: at most 0; met)",
  );
  expect(line({ name: "Memory", value: 63.84, unit: "MB" })).toBe("Memory: 63.8 MB");
});

test("a padded module has the size that was asked for, other bytes for another mark, and is the same otherwise", async () => {
  const module = await readFile(echo);
  const [one, two] = [padded(module, 2_000_000, 1), padded(module, 2_000_000, 2)];
  expect([one.length, two.length]).toEqual([2_000_000, 2_000_000]);
  expect(digestOf(one)).not.toBe(digestOf(two));
  const [inspection, original] = [
    await inspectBytes(one, digestOf(one)),
    await inspectBytes(module, digestOf(module)),
  ];
  expect(inspection.imports).toEqual(original.imports);
  expect(inspection.exports).toEqual(original.exports);
});

test("an edited guest differs in one byte", async () => {
  const [module, edited] = [await readFile(echo), await echoAnswering("b")];
  expect(module.filter((byte, index) => byte !== edited[index]).length).toBe(1);
  expect(edited.length).toBe(module.length);
});
