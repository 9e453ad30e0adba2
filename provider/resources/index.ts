/** Every resource and component of the package, by token: requests, schema and tests all read this table. */
import { Admission } from "./admission.ts";
import { App } from "./app.ts";
import { CapabilityGrant } from "./capabilityGrant.ts";
import type { Component } from "./component.ts";
import { Composition } from "./composition.ts";
import { EdgeTarget } from "./edgeTarget.ts";
import { Image } from "./image.ts";
import { LocalServer } from "./localServer.ts";
import { Module } from "./module.ts";
import type { CustomResource } from "./resource.ts";

export const resources: ReadonlyMap<string, CustomResource> = byToken([
  Admission,
  CapabilityGrant,
  Composition,
  EdgeTarget,
  Image,
  Module,
  LocalServer,
]);

export const components: ReadonlyMap<string, Component> = byToken([App]);

function byToken<T extends { token: string }>(definitions: readonly T[]): ReadonlyMap<string, T> {
  return new Map(definitions.map((definition) => [definition.token, definition]));
}
