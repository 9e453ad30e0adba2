// Draws the demo's answers and report, read from standard input, as docs/demo.svg: `npm run demo | node tools/picture.ts`.
import { writeFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { inRepository } from "./repository.ts";
import { runTask, TaskError } from "./task.ts";

const size = { character: 7.25, line: 18, margin: 20, font: 12 };

await runTask(async () => {
  const output = await text(process.stdin);
  const shown = /What was created[\s\S]*?(?=\n\nThe module stays up)/.exec(output)?.[0];
  if (shown === undefined) throw new TaskError("Standard input is not the output of `npm run demo`.");
  await writeFile(inRepository("docs/demo.svg"), draw(["$ npm run demo", "…", "", ...shown.split("\n")]));
});

function draw(lines: string[]): string {
  const width = Math.max(...lines.map((line) => line.length)) * size.character + 2 * size.margin;
  const height = lines.length * size.line + 2 * size.margin;
  const rows = lines.map((line, index) => {
    const y = size.margin + (index + 0.75) * size.line;
    return `<text x="${size.margin}" y="${y}" fill="${colour(line)}" xml:space="preserve">${escaped(line)}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-size="${size.font}" font-family="ui-monospace, Menlo, Consolas, monospace">`,
    "<title>The output of npm run demo</title>",
    `<rect width="${width}" height="${height}" rx="8" fill="#101820"/>`,
    ...rows,
    "</svg>\n",
  ].join("\n");
}

function colour(line: string): string {
  if (line.startsWith("$")) return "#ffffff";
  if (line.includes("refused")) return "#ff9e80";
  return line.startsWith("  ") ? "#c8d6e5" : "#8bd5a0";
}

function escaped(line: string): string {
  return line.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
