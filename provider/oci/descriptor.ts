/** The documents of the OCI image specification 1.1 that a client reads (https://github.com/opencontainers/image-spec). */
import * as z from "zod";
import { digestSchema } from "../artifacts/digest.ts";

export const mediaTypes = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerIndex: "application/vnd.docker.distribution.manifest.list.v2+json",
  emptyConfig: "application/vnd.oci.empty.v1+json",
} as const;

const annotations = z.record(z.string(), z.string());

/** Points to bytes. Fields that are not read here are kept: an index is written back as it was. */
export const descriptorSchema = z.looseObject({
  mediaType: z.string(),
  digest: digestSchema,
  /** Bytes. */
  size: z.int().nonnegative(),
  annotations: annotations.nullish(),
  artifactType: z.string().nullish(),
});
export type Descriptor = z.infer<typeof descriptorSchema>;

export const manifestSchema = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().nullish(),
  artifactType: z.string().nullish(),
  config: descriptorSchema,
  layers: z.array(descriptorSchema),
  subject: descriptorSchema.nullish(),
  annotations: annotations.nullish(),
});
/** An image manifest: one artifact. */
export type ImageManifest = z.infer<typeof manifestSchema>;

export const indexSchema = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().nullish(),
  artifactType: z.string().nullish(),
  manifests: z.array(descriptorSchema),
  subject: descriptorSchema.nullish(),
  annotations: annotations.nullish(),
});
/** A list of manifests: one per platform, or the referrers of an image. */
export type ImageIndex = z.infer<typeof indexSchema>;
