/** By themselves, so that who only looks for such documents does not load what reads them. */

/** Of in-toto statements, and the payload type of the envelope around a signed one. */
export const statementType = "application/vnd.in-toto+json";

/** Of Sigstore bundles: of the layer, and the artifact type of the referrer. */
export const bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";

/** Where a bundle's and a statement's referrer name what is in them. Whoever pushed it wrote it: a hint, never a proof. */
export const predicateAnnotations = [
  "dev.sigstore.bundle.predicateType",
  "in-toto.io/predicate-type",
] as const;
