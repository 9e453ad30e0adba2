/** How nodes start the runtime. A RuntimeClass belongs to the whole cluster, so an App that makes one has it to itself. */
import type { Input } from "@pulumi/pulumi";
import type { KubernetesApp, RenderedChild } from "../app.ts";
import { child, tokens } from "./objects.ts";
import { nameOf } from "./references.ts";

export function runtimeClass({ namespace: _none, ...app }: KubernetesApp): RenderedChild[] {
  if ("name" in app.runtimeClass) return [];
  const { handler } = app.runtimeClass;
  return [child(app, tokens.runtimeClass, { handler }, { replaceOnChanges: ["handler"] })];
}

export function runtimeClassName({ runtimeClass: given }: KubernetesApp): Input<string> {
  return "name" in given ? given.name : nameOf(tokens.runtimeClass);
}
