import { type ServiceError, status } from "@grpc/grpc-js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import type emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { toStruct } from "../../provider/protocol/errors.ts";
import { components, resources } from "../../provider/resources/index.ts";
import { packageSchema } from "../../provider/schema/package.ts";
import { TestEngine, unary, urnOf } from "./harness.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await TestEngine.attach();
});
afterAll(() => engine.close());

const code = (expected: status) => expect.objectContaining({ code: expected });

describe("the service", () => {
  it("says in Handshake that secrets, references and outputs may come as they are", async () => {
    const request = new providerPb.ProviderHandshakeRequest();
    request.setEngineAddress("127.0.0.1:1");
    const other = await TestEngine.attach();
    const response = await unary<providerPb.ProviderHandshakeResponse>((reply) =>
      other.client.handshake(request, reply),
    );
    expect(response.toObject()).toMatchObject({
      acceptSecrets: true,
      acceptResources: true,
      acceptOutputs: true,
    });
    other.close();
  });

  it("tells its version", async () => {
    expect(await engine.version()).toBe(packageJson.version);
  });

  it("serves the package's schema, and no other version of the meta-schema", async () => {
    expect(await engine.schema()).toEqual(JSON.parse(JSON.stringify(packageSchema())));
    const request = new providerPb.GetSchemaRequest();
    request.setVersion(1);
    await expect(unary((reply) => engine.client.getSchema(request, reply))).rejects.toEqual(
      code(status.UNIMPLEMENTED),
    );
  });

  it("says in Configure that preview calls Create and Update", async () => {
    const response = await engine.configure({});
    expect(response.toObject()).toMatchObject({
      acceptsecrets: true,
      supportspreview: true,
      acceptoutputs: true,
    });
  });

  it("refuses settings that it does not know, at the property", async () => {
    const request = new providerPb.CheckRequest();
    request.setUrn("urn:pulumi:dev::project::pulumi:providers:wasm::default");
    request.setNews(toStruct({ cacheDirectorie: "/tmp", version: "0.1.0" }));
    const response = await unary<providerPb.CheckResponse>((reply) =>
      engine.client.checkConfig(request, reply),
    );
    expect(response.getFailuresList().map((failure) => failure.toObject())).toEqual([
      {
        property: "cacheDirectorie",
        reason:
          "unknown property; the properties are cacheDirectory, maximumGrants, registries, registryTimeout, signingKey, signingKeyPassphrase",
      },
    ]);
  });

  it("never replaces anything for a changed setting", async () => {
    const request = new providerPb.DiffRequest();
    request.setOldInputs(toStruct({ cacheDirectory: "/a" }));
    request.setNews(toStruct({ cacheDirectory: "/b" }));
    const response = await unary<providerPb.DiffResponse>((reply) =>
      engine.client.diffConfig(request, reply),
    );
    expect(response.getDiffsList()).toEqual(["cacheDirectory"]);
    expect(response.getReplacesList()).toEqual([]);
  });

  it("answers GetMapping with nothing: no other ecosystem's names map to this package", async () => {
    const response = await unary<providerPb.GetMappingResponse>((reply) =>
      engine.client.getMapping(new providerPb.GetMappingRequest(), reply),
    );
    expect(response.getProvider()).toBe("");
  });

  it.each(["Parameterize", "Call", "Invoke", "Check", "Construct"] as const)(
    "answers %s for what it does not have with a typed status",
    async (method) => {
      const requests = {
        Parameterize: (reply: Reply) =>
          engine.client.parameterize(new providerPb.ParameterizeRequest(), reply),
        Call: (reply: Reply) => engine.client.call(new providerPb.CallRequest(), reply),
        Invoke: (reply: Reply) => engine.client.invoke(new providerPb.InvokeRequest(), reply),
        Check: (reply: Reply) => engine.client.check(checkOf("wasm:index:Nothing"), reply),
        Construct: (reply: Reply) => engine.client.construct(new providerPb.ConstructRequest(), reply),
      };
      const expected = method === "Parameterize" ? status.UNIMPLEMENTED : status.NOT_FOUND;
      await expect(unary(requests[method])).rejects.toEqual(code(expected));
    },
  );

  it("answers List with a typed status and a reason", async () => {
    const request = new providerPb.ListRequest();
    request.setToken("wasm:index:Module");
    const stream = engine.client.list(request);
    const error = await new Promise((resolve) => stream.on("error", resolve).on("data", () => {}));
    expect(error).toMatchObject({
      code: status.UNIMPLEMENTED,
      details: expect.stringContaining("wasm:index:Module cannot be listed"),
    });
  });

  it("takes the engine's address from Attach", async () => {
    const request = new pluginPb.PluginAttach();
    request.setAddress("127.0.0.1:1");
    const other = await TestEngine.attach();
    await expect(unary<emptyPb.Empty>((reply) => other.client.attach(request, reply))).resolves.toBeDefined();
    other.close();
  });

  it("has a handler for each resource of the schema, and the reverse", () => {
    const schema = packageSchema() as { resources: Record<string, unknown> };
    expect(Object.keys(schema.resources).sort()).toEqual([...resources.keys(), ...components.keys()].sort());
  });
});

type Reply = (error: ServiceError | null, response: unknown) => void;

function checkOf(type: string) {
  const request = new providerPb.CheckRequest();
  request.setUrn(urnOf(type));
  return request;
}
