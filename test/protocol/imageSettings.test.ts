/** The provider's configuration of registries, as CheckConfig and Configure take it. */
import type { ServiceError } from "@grpc/grpc-js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Secret, type Value } from "../../provider/values.ts";
import { detailOf, struct, TestEngine, unary } from "./harness.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await TestEngine.attach();
});
afterAll(() => engine.close());

async function checkConfig(registries: Value) {
  const request = new providerPb.CheckRequest();
  request.setNews(struct({ registries }));
  const response = await unary<providerPb.CheckResponse>((reply) =>
    engine.client.checkConfig(request, reply),
  );
  return response.getFailuresList().map((failure) => [failure.getProperty(), failure.getReason()]);
}

it.each([
  [
    "a user name without a password",
    { username: "ada-9" },
    "password",
    "is required: Password or access token",
  ],
  ["a password without a user name", { password: "hush-9" }, "username", "is required: User name"],
])("refuses %s", async (_what, setting, missing, reason) => {
  const path = `registries["registry.example:5000"].${missing}`;
  const registries = { "registry.example:5000": setting };
  const plain = await checkConfig(JSON.stringify(registries));
  expect(plain).toEqual([[path, expect.stringContaining(reason)]]);
  const secret = await checkConfig(new Secret(JSON.stringify(registries)));
  expect(secret).toEqual([[expect.stringContaining(path), expect.stringContaining(reason)]]);
  expect(JSON.stringify([plain, secret])).not.toMatch(/ada-9|hush-9/);
  const error = await engine.configure({ registries }).catch((refused: ServiceError) => refused);
  expect(detailOf(error as ServiceError).inputErrors).toEqual([
    { path, reason: expect.stringContaining(reason) },
  ]);
});

it.each([[{ username: "ada", password: "lovelace" }], [{ identityToken: "token" }], [{ insecure: true }]])(
  "takes %j",
  async (setting) => {
    expect(await checkConfig(JSON.stringify({ "registry.example": setting }))).toEqual([]);
  },
);
