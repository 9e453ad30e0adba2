/** All attacks in real Wasmtime, whose command line gives every right that it can: only the seal stands against them. */
import { inWasmtime } from "./attacks/runtimes.ts";
import { tryAttacks } from "./attacks/trials.ts";
import { portsFrom } from "./ports.ts";

await tryAttacks(inWasmtime, portsFrom(21_200));
