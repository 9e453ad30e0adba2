// Seeds every fault of test/faults and prints where it came to light; with --write, also writes docs/faults.md.
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { Delivery, type Outcome } from "../test/faults/deliver.ts";
import type { Fault } from "../test/faults/fault.ts";
import { faults, themes } from "../test/faults/index.ts";
import { countsText, faultsPage } from "../test/faults/table.ts";
import { buildPlugin } from "./build/plugin.ts";
import { inRepository } from "./repository.ts";
import { runTask, TaskError, taskSignal } from "./task.ts";

await runTask(async () => {
  const { values } = parseArgs({ options: { write: { type: "boolean", default: false } } });
  await buildPlugin();
  const different = await seedAll();
  console.log(`\n${countsText(faults)}`);
  if (different.length > 0) throw new TaskError(`Not as the table has it: ${different.join(", ")}.`);
  if (values.write) await writeFile(inRepository("docs/faults.md"), faultsPage(themes));
});

// The provider's server listens until its process ends.
process.exit();

/** The ids of the faults that do not end as the table has it. */
async function seedAll(): Promise<string[]> {
  const delivery = await Delivery.open();
  try {
    const different: string[] = [];
    const width = Math.max(...faults.map(({ id }) => id.length));
    for (const fault of faults) {
      taskSignal.throwIfAborted();
      if ((fault.platform ?? process.platform) !== process.platform) {
        console.log(`${fault.id.padEnd(width)}  skipped: it needs ${fault.platform}`);
        continue;
      }
      const outcome = await delivery.run(fault);
      if (!isAsSaid(fault, outcome)) different.push(fault.id);
      const elsewhere = [fault.spin, fault.wasmcloud, fault.kubernetes].map(([stage]) => stage.padEnd(13));
      console.log(
        `${fault.id.padEnd(width)}  ${outcome.stage.padEnd(10)}  ${elsewhere.join("  ")}`.trimEnd(),
      );
    }
    return different;
  } finally {
    await delivery.close();
  }
}

function isAsSaid({ stage, level, says }: Fault, outcome: Outcome): boolean {
  return (
    outcome.stage === stage && outcome.level === level && outcome.says.join("\n\n") === says.join("\n\n")
  );
}
