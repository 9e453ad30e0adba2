/**
 * Loaded into the plugin's process before the plugin (`node --import`): keeps the most memory that the process has held
 * in the file that BENCH_PEAK_FILE names, as bytes. The engine kills its plugins, so it is written while they run.
 */
import { renameSync, writeFileSync } from "node:fs";

const intervalMs = 100;
const file = `${process.env.BENCH_PEAK_FILE}.${process.pid}`;
let written = 0;
setInterval(() => {
  const peak = process.resourceUsage().maxRSS * 1024;
  if (peak === written) return;
  writeFileSync(`${file}.part`, String(peak));
  renameSync(`${file}.part`, file);
  written = peak;
}, intervalMs).unref();
