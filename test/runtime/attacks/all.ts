/** All attacks; the order is that of `docs/attacks.md`. */
import type { Family } from "./attack.ts";
import { fileAttacks } from "./fileAttacks.ts";
import { httpAttacks } from "./httpAttacks.ts";
import { labelAttacks } from "./labelAttacks.ts";
import { neighbourAttacks } from "./neighbourAttacks.ts";
import { socketAttacks } from "./socketAttacks.ts";
import { twiceAttacks } from "./twiceAttacks.ts";
import { ambientAttacks, coreAttacks, valueAttacks, versionAttacks } from "./valueAttacks.ts";

export const families: Family[] = [
  httpAttacks,
  socketAttacks,
  fileAttacks,
  valueAttacks,
  labelAttacks,
  ambientAttacks,
  versionAttacks,
  coreAttacks,
  neighbourAttacks,
  twiceAttacks,
];
