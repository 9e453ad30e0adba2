import type { Rules } from "../../../../capabilities/rules.ts";
import type { Mailbox } from "./mailbox.ts";
export function socketInterfaces(_mailbox: Mailbox, _rules: Rules) {
  return {};
}
