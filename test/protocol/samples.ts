/** For each resource, inputs with every property set: what the properties of `properties.test.ts` are tried on. */
import { fileURLToPath } from "node:url";
import { moduleArtifact } from "../../provider/artifacts/artifact.ts";
import type { Digest } from "../../provider/artifacts/digest.ts";
import { Asset, type Properties } from "../../provider/protocol/values.ts";
import { encodeTarget } from "../../provider/targets/target.ts";
import lock from "../fixtures/guests/guests.lock.json" with { type: "json" };
