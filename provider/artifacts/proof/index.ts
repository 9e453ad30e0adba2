/** What a sealed composition is proven by, from its bytes. Start at `checkSeal`. */
export { checkSeal } from "./check.ts";
export { type Expected, type ExpectedModule, expectedModule, SealError } from "./expected.ts";
export { importsWithHandles } from "./handles.ts";
export { readRules, rulesInterface } from "./rules.ts";
export { readSeal } from "./seal.ts";
