import { crate } from "./crate.ts";
import { goModule } from "./goModule.ts";
import type { Tool } from "./tool.ts";

const installPulumi =
  "Pulumi 3.200.0 or newer (https://www.pulumi.com/docs/install/), or Go 1.25 or newer, on PATH";

/**
 * Everything that the demo and the tests need beside npm packages. The language hosts are the last ones that were
 * published in a Go module; they work with the current engine and SDK. A pulumi on PATH brings its own.
 */
export const tools = {
  pulumi: {
    version: "3.259.0",
    executable: "pulumi",
    // Older engines lack refresh_before_update, by which a dead server is seen.
    onPath: { minimum: "3.200.0", versionArguments: ["version"] },
    sources: [
      goModule({
        pin: "pulumi",
        package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        ldflags: "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v3.259.0",
      }),
    ],
    install: installPulumi,
  },
  "pulumi-language-nodejs": {
    version: "3.68.0",
    executable: "pulumi-language-nodejs",
    onPath: { bundledWith: "pulumi" },
    sources: [
      goModule({
        pin: "pulumi-language",
        package: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
      }),
    ],
    install: installPulumi,
  },
  "pulumi-language-python": {
    version: "3.68.0",
    executable: "pulumi-language-python",
    onPath: { bundledWith: "pulumi" },
    sources: [
      goModule({
        pin: "pulumi-language",
        package: "github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python",
        files: [
          { module: "github.com/pulumi/pulumi/sdk/v3", path: "python/cmd/pulumi-language-python-exec" },
        ],
      }),
    ],
    install: installPulumi,
  },
  "pulumi-language-yaml": {
    version: "1.10.0",
    executable: "pulumi-language-yaml",
    onPath: { bundledWith: "pulumi" },
    sources: [
      goModule({
        pin: "pulumi-language-yaml",
        package: "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
      }),
    ],
    install: installPulumi,
  },
  // The engine inside runwasi, Spin and wasmCloud, with what they turn on.
  wasmtime: {
    version: "48.0.8",
    executable: "wasmtime",
    sources: [
      crate({
        name: "wasmtime-cli",
        version: "48.0.8",
        features: [
          "run",
          "serve",
          "component-model",
          "component-model-async",
          "cranelift",
          "cache",
          "parallel-compilation",
          "wat",
          "pooling-allocator",
        ],
      }),
    ],
    install: "Rust (https://rustup.rs/) and a C compiler, with cargo on PATH",
  },
  // The registry of the cluster tier: the distribution project's own.
  registry: {
    version: "3.1.2",
    executable: "registry",
    sources: [
      goModule({
        pin: "registry",
        package: "github.com/distribution/distribution/v3/cmd/registry",
        ldflags: "-X github.com/distribution/distribution/v3/version.version=v3.1.2",
      }),
    ],
    install: "Go 1.26 or newer (https://go.dev/dl/), on PATH",
  },
  // Clients of others, that pull what we push and push what we pull.
  oras: {
    version: "1.3.6",
    executable: "oras",
    onPath: { minimum: "1.3.0", versionArguments: ["version"] },
    sources: [goModule({ pin: "oras", package: "oras.land/oras/cmd/oras" })],
    install: "ORAS 1.3 or newer (https://oras.land/docs/installation), or Go 1.26 or newer, on PATH",
  },
  crane: {
    version: "0.22.1",
    executable: "crane",
    onPath: { minimum: "0.20.0", versionArguments: ["version"] },
    sources: [
      goModule({
        pin: "crane",
        package: "github.com/google/go-containerregistry/cmd/crane",
        ldflags: "-X github.com/google/go-containerregistry/cmd/crane/cmd.Version=0.22.1",
      }),
    ],
    install:
      "crane 0.20 or newer (https://github.com/google/go-containerregistry), or Go 1.25 or newer, on PATH",
  },
  cosign: {
    version: "3.1.3",
    executable: "cosign",
    onPath: { minimum: "3.0.0", versionArguments: ["version"] },
    sources: [
      goModule({
        pin: "cosign",
        package: "github.com/sigstore/cosign/v3/cmd/cosign",
        ldflags: "-X sigs.k8s.io/release-utils/version.gitVersion=v3.1.3",
      }),
    ],
    install:
      "cosign 3 or newer (https://docs.sigstore.dev/cosign/system_config/installation/), or Go 1.26 or newer, on PATH",
  },
  // The cluster of the cluster tier: an API server without nodes, and the last Kubernetes plugin in a Go module.
  "kube-apiserver": {
    version: "1.36.1",
    executable: "kube-apiserver",
    onPath: { minimum: "1.36.0", versionArguments: ["--version"] },
    sources: [
      goModule({
        pin: "kubernetes",
        package: "k8s.io/kubernetes/cmd/kube-apiserver",
        ldflags: "-X k8s.io/component-base/version.gitVersion=v1.36.1",
      }),
    ],
    install: "kube-apiserver 1.36 or newer (https://kubernetes.io/releases/), or Go 1.26 or newer, on PATH",
  },
  etcd: {
    version: "3.6.8",
    executable: "etcd",
    onPath: { minimum: "3.5.0", versionArguments: ["--version"] },
    sources: [goModule({ pin: "kubernetes", package: "go.etcd.io/etcd/server/v3" })],
    install: "etcd 3.5 or newer (https://etcd.io/docs/latest/install/), or Go 1.26 or newer, on PATH",
  },
  // Never one from PATH: what newer ones do differently is not what the tests were written against.
  "pulumi-resource-kubernetes": {
    version: "1.6.0",
    executable: "pulumi-resource-kubernetes",
    sources: [
      goModule({
        pin: "pulumi-kubernetes",
        package: "github.com/pulumi/pulumi-kubernetes/cmd/pulumi-resource-kubernetes",
        ldflags: "-X github.com/pulumi/pulumi-kubernetes/pkg/version.Version=v1.6.0",
      }),
    ],
    install: "Go 1.25 or newer (https://go.dev/dl/), on PATH",
  },
  // What the bench holds the composer against.
  wac: {
    version: "0.12.0",
    executable: "wac",
    sources: [crate({ name: "wac-cli", version: "0.12.0" })],
    install: "Rust (https://rustup.rs/) and a C compiler, with cargo on PATH",
  },
  // What the bench holds pushes and pulls against, beside oras.
  wkg: {
    version: "0.16.1",
    executable: "wkg",
    sources: [crate({ name: "wkg", version: "0.16.1" })],
    install: "Rust (https://rustup.rs/) and a C compiler, with cargo on PATH",
  },
} satisfies Record<string, Tool>;
