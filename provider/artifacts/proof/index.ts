/** What a sealed composition is proven by, from its bytes. Start at `checkSeal`. */
export { checkSeal } from "./check.ts";
export {
  type Expected,
  type ExpectedLink,
  type ExpectedModule,
  expectedModule,
  type ProvenInstance,
  SealError,
  type SealProof,
  type Source,
} from "./expected.ts";
export { importsWithHandles } from "./handles.ts";
export { readRules, rulesInterface } from "./rules.ts";
export { readSeal, type Seal, type SealedGuard, type SealedModule } from "./seal.ts";
export type { SealedRules } from "./sealedRules.ts";
