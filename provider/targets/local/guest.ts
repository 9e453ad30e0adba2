import type { GuestConfig } from "./runtime/messages.ts";
import type { GuestSpec } from "./spec.ts";

/** What the guest runs with; values that no grant names stay behind. */
export function guestOf(spec: GuestSpec): Omit<GuestConfig, "code" | "preopens"> {
  const only = (keys: string[], values: Record<string, string>) =>
    Object.fromEntries(Object.entries(values).filter(([key]) => keys.includes(key)));
  return {
    rules: spec.rules,
    environment: only(spec.rules.environment, spec.environment),
    config: only(spec.rules.config, spec.config),
    arguments: [spec.name, ...(spec.arguments ?? [])],
    requestTimeoutMs: spec.limits.requestTimeoutMs,
    concurrency: spec.limits.concurrency,
  };
}
