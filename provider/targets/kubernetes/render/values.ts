/**
 * Bound values as objects that never change: another value makes another object, under another name, and so new pods. The old
 * one goes when these are there.
 */
import type { KubernetesApp, RenderedChild } from "../app.ts";
import { child, tokens } from "./objects.ts";

export function configMap(app: KubernetesApp): RenderedChild[] {
  const { plain } = app.environment;
  return plain === undefined ? [] : [child(app, tokens.configMap, { immutable: true, data: plain })];
}

export function secret(app: KubernetesApp): RenderedChild[] {
  const data = app.environment.secret;
  if (data === undefined) return [];
  const body = { type: "Opaque", immutable: true, data };
  return [child(app, tokens.secret, body, { secretOutputs: ["data", "stringData"] })];
}

/** A value as the `data` of a Secret has it. */
export function base64(value: string): string {
  return Buffer.from(value, "utf8").toString("base64");
}
