/** The whole table. */
import { accessFaults } from "./accessFaults.ts";
import { bindingFaults } from "./bindingFaults.ts";
import { byteFaults } from "./byteFaults.ts";
import { entryFaults } from "./entryFaults.ts";
import type { Fault, Theme } from "./fault.ts";
import { runningFaults } from "./runningFaults.ts";
import { typeFaults } from "./typeFaults.ts";
import { uncaughtFaults } from "./uncaughtFaults.ts";
import { wiringFaults } from "./wiringFaults.ts";
import { worldFaults } from "./worldFaults.ts";

export const themes: readonly Theme[] = [
  { title: "Types between modules", faults: typeFaults },
  { title: "Versions and wiring", faults: wiringFaults },
  { title: "Files that are no modules, or other ones", faults: byteFaults },
  { title: "Worlds", faults: worldFaults },
  { title: "What a module asks for, and what it may do", faults: accessFaults },
  { title: "Entries of grants", faults: entryFaults },
  { title: "Values and volumes", faults: bindingFaults },
  { title: "When it runs", faults: runningFaults },
  { title: "In order, and wrong", faults: uncaughtFaults },
];

export const faults: readonly Fault[] = themes.flatMap((theme) => theme.faults);
