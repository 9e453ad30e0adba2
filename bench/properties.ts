import type structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { toStruct } from "../provider/protocol/errors.ts";
import { Asset, encodeProperties } from "../provider/values.ts";

/** Inputs of a Module, as the engine sends them. */
export function moduleInputs(path: string): structPb.Struct {
  return toStruct(encodeProperties({ file: new Asset({ path }) }));
}

/** Inputs of a CapabilityGrant of a common size, as the engine sends them. */
export function grantInputs(): structPb.Struct {
  const http = ["https://api.stripe.com", "https://*.example.com:8443"];
  const environment = ["STRIPE_KEY", "LOG_LEVEL"];
  const filesystem = [{ path: "/data", access: "read", volume: "data" }];
  return toStruct(encodeProperties({ http, environment, filesystem }));
}
