/**
 * Loaded before the plugin (`node --import`), in each of its processes: the clock of another machine, and the user that
 * `OTHER_USER` names. What it did goes to the file `OTHER_SEEN`, so that a test can tell.
 */
import { appendFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const { OTHER_CLOCK_SECONDS = "0", OTHER_USER, OTHER_SEEN } = process.env;

const Real = Date;
const now = () => Real.now() + Number(OTHER_CLOCK_SECONDS) * 1000;
globalThis.Date = new Proxy(Real, {
  construct: (target, values, made) => Reflect.construct(target, values.length > 0 ? values : [now()], made),
  apply: () => new Real(now()).toString(),
  get: (target, name) => (name === "now" ? now : Reflect.get(target, name)),
});

if (OTHER_USER !== undefined && isMainThread && process.getuid() === 0) {
  process.setgroups([]);
  process.setgid(Number(OTHER_USER));
  process.setuid(Number(OTHER_USER));
}
if (OTHER_SEEN !== undefined && isMainThread) {
  const seen = { program: process.argv[1], year: new Date().getFullYear(), user: process.getuid?.() };
  appendFileSync(OTHER_SEEN, `${JSON.stringify(seen)}\n`);
}
