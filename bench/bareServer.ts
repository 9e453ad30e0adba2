/**
 * What the plugin is compared with: a provider that does nothing, written as one straightforwardly would. It answers
 * GetPluginInfo, takes every input as it is, and finds no difference.
 */
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";

type Unary<Request, Response> = (
  call: ServerUnaryCall<Request, Response>,
  reply: sendUnaryData<Response>,
) => void;

const getPluginInfo: Unary<unknown, pluginPb.PluginInfo> = (_call, reply) => {
  const response = new pluginPb.PluginInfo();
  response.setVersion("0.1.0");
  reply(null, response);
};

const check: Unary<providerPb.CheckRequest, providerPb.CheckResponse> = ({ request }, reply) => {
  const response = new providerPb.CheckResponse();
  response.setInputs(request.getNews());
  reply(null, response);
};

const diff: Unary<providerPb.DiffRequest, providerPb.DiffResponse> = (_call, reply) => {
  const response = new providerPb.DiffResponse();
  response.setChanges(providerPb.DiffResponse.DiffChanges.DIFF_NONE);
  reply(null, response);
};

const create: Unary<providerPb.CreateRequest, providerPb.CreateResponse> = ({ request }, reply) => {
  const response = new providerPb.CreateResponse();
  response.setId("it");
  response.setProperties(request.getProperties());
  reply(null, response);
};

const server = new Server();
// The types know the generated service as a class that implements all methods.
const service = (providerGrpc as unknown as { ResourceProviderService: Parameters<Server["addService"]>[0] })
  .ResourceProviderService;
const implementation = { getPluginInfo, check, diff, create };
server.addService(service, implementation as unknown as UntypedServiceImplementation);
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});
