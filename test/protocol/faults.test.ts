/** The fault table: each seed ends at the stage and with the words that the table has. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Delivery } from "../faults/deliver.ts";
import { faults, themes } from "../faults/index.ts";
import { sources } from "../faults/sources.ts";
import { countsText, faultsPage } from "../faults/table.ts";

const inRepository = (file: string) => readFile(join(import.meta.dirname, "../..", file), "utf8");

let delivery: Delivery;
beforeAll(async () => {
  delivery = await Delivery.open();
});
afterAll(() => delivery.close());

describe.each(themes)("$title", ({ faults: ofTheme }) => {
  it.for(ofTheme)("$id: $fault", async (fault, { skip }) => {
    const { stage, level, says, platform = process.platform } = fault;
    if (platform !== process.platform) skip(`It needs ${platform}.`);
    expect(await delivery.run(fault)).toEqual({ stage, level, says });
  });
});

describe("the table", () => {
  it("has each fault once", () => {
    const ids = faults.map(({ id }) => id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  it("names each source once, and none that no fault refers to", async () => {
    const page = faultsPage(themes);
    const urls = Object.values(sources).map(({ url }) => url);
    expect(urls.filter((url) => !page.includes(`]: ${url}\n`))).toEqual([]);
    const labels = Object.values(sources).map(({ label }) => label);
    expect(labels.filter((label, index) => labels.indexOf(label) !== index)).toEqual([]);
  });

  it("is what docs/faults.md shows, and its counts what the README quotes", async () => {
    expect(await inRepository("docs/faults.md")).toBe(faultsPage(themes));
    expect(await inRepository("README.md")).toContain(countsText(faults));
  });
});
