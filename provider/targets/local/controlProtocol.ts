/**
 * What the provider and a supervisor say to each other over the control socket: one JSON value a line, each request
 * answered in turn. A new version is prepared first and takes over when it is committed; a connection that ends between
 * the two takes back what it prepared.
 */
import * as z from "zod";
import type { GuestConfig, Preopen } from "./runtime/messages.ts";

/** What a supervisor serves; holds values that may be secret. */
export interface Deployment {
  id: string;
  name: string;
  /** See `GuestSpec`. */
  application?: string;
  digest: string;
  /** Folder of the transpiled component. */
  code: string;
  /** Absent: keep the port, or take any free one. */
  port?: number;
  memoryPages: number;
  preopens: Preopen[];
  guest: Omit<GuestConfig, "code" | "preopens">;
  startTimeoutMs: number;
}

export type ControlRequest =
  | { op: "hello" }
  | { op: "prepare"; deployment: Deployment }
  | { op: "commit" }
  | { op: "stop"; nonce?: string };

/** Raised with each change of this protocol: a supervisor of another version is ended and started anew. */
export const PROTOCOL = 2;

export const statusSchema = z.object({
  protocol: z.int(),
  id: z.string(),
  nonce: z.string(),
  pid: z.int(),
  /** 0 before the first version. */
  port: z.int(),
  digest: z.string(),
  ready: z.boolean(),
  restarts: z.int(),
  logFile: z.string(),
});
export type Status = z.infer<typeof statusSchema>;

export const replySchema = z.union([
  z.object({ ok: z.literal(true), status: statusSchema }),
  z.object({ ok: z.literal(false), message: z.string(), property: z.string().optional() }),
]);
export type Reply = z.infer<typeof replySchema>;
