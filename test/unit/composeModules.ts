/** Modules that the tests of the composer compose: `api` asks `auth`, and three that share a resource. */
import { Workshop, wit } from "./composeSetup.ts";

/** An interface that api imports and auth exports, in which `verify` has this signature. */
export const check = (verify: string, types = "") =>
  wit("acme:auth/check@1.2.0", `${types} verify: func${verify};`);

export const apiWith = (shop: Workshop, verify: string, types?: string) =>
  shop.module(
    "import acme:auth/check@1.2.0; export acme:shop/api;",
    check(verify, types) + wit("acme:shop/api"),
  );

export const authWith = (shop: Workshop, verify: string, types?: string) =>
  shop.module("export acme:auth/check@1.2.0;", check(verify, types));

/** A workshop that has both, made for each other. */
export async function authShop() {
  const shop = await Workshop.open();
  const signature = "(token: string) -> bool";
  return { shop, api: await apiWith(shop, signature), auth: await authWith(shop, signature) };
}

/** An owner of a resource, and two modules that pass it on. */
export async function resources(shop: Workshop) {
  const interfaces = `package acme:kv {
    interface store { resource bucket { get: func() -> string; } }
    interface check { use store.{bucket}; verify: func(b: borrow<bucket>) -> bool; }
    interface api { run: func(); } }`;
  const owner = await shop.module("export acme:kv/store;", interfaces);
  const checker = await shop.module("import acme:kv/store; export acme:kv/check;", interfaces);
  const user = await shop.module(
    "import acme:kv/store; import acme:kv/check; export acme:kv/api;",
    interfaces,
  );
  const composition = await shop.composer.compose({ modules: { owner, checker, user } });
  return { owner, checker, user, composition };
}
