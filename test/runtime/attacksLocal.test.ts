/** All attacks on the local target, by rules that grant all that they ask for: only the seal stands against them. */
import { onLocalTarget } from "./attacks/runtimes.ts";
import { tryAttacks } from "./attacks/trials.ts";
import { portsFrom } from "./ports.ts";

await tryAttacks(onLocalTarget, portsFrom(21_100));
