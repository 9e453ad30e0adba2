/** What was read of other systems: each source by a short name, with its public address. Code is quoted at one commit. */

const commits = {
  "spinframework/spin": "94a8fc8a7804ec2519bb8d12df70ab77ad2e4f60",
  "spinframework/containerd-shim-spin": "56110186244b737d2706b33a5c31da7305b48af5",
  "wasmCloud/wasmCloud": "7cd553cc57cfb5a64717d76b11ddeea2cd8c0a8b",
  "containerd/runwasi": "eb9967aae75bfc8ddf810590810f6962a8dc7c37",
  "bytecodealliance/wac": "d0a943f26d75a8166e1de1751abe58b030a315ed",
  "bytecodealliance/wasmtime": "02faf77606955c0f9fc9941483b8764701966421",
  "kubernetes/kubernetes": "000f26050b9be6fb3d79fae95e06b47fc96128cd",
  "kubernetes/website": "0189ae0f6bf2a79ff2e4bfd5f9ec0da98d64c5d2",
} as const;

type Repository = keyof typeof commits;

export interface Source {
  kind: "issue" | "code" | "docs";
  /** As the table shows it. */
  label: string;
  url: string;
  /** What it says, in our words. */
  says: string;
}

function code(repository: Repository, path: string, line: number | undefined, says: string): Source {
  const at = line === undefined ? "" : `#L${line}`;
  const short = path.replace(/^crates\//, "").replace("/src/", "/");
  return {
    kind: "code",
    label: `${repository.split("/")[1]}: ${short}${at}`,
    url: `https://github.com/${repository}/blob/${commits[repository]}/${path}${at}`,
    says,
  };
}

function issue(repository: string, number: number, says: string, kind: "issues" | "pull" = "issues"): Source {
  const label = `${repository.split("/")[1]}#${number}`;
  return { kind: "issue", label, url: `https://github.com/${repository}/${kind}/${number}`, says };
}

const spin = (path: string, line: number, says: string) => code("spinframework/spin", path, line, says);
const wasmcloud = (path: string, line: number, says: string) => code("wasmCloud/wasmCloud", path, line, says);
const runwasi = (path: string, line: number, says: string) => code("containerd/runwasi", path, line, says);
const wac = (path: string, line: number, says: string) => code("bytecodealliance/wac", path, line, says);

const shim = "crates/containerd-shim-wasmtime/src/instance.rs";
const workload = "crates/wash-runtime/src/engine/workload.rs";
const hosts = "crates/outbound-networking-config/src/allowed_hosts.rs";
const crd = "charts/runtime-operator/crds/runtime.wasmcloud.dev_workloads.yaml";

export const sources = {
  // Spin
  spinPushComposes: spin("src/commands/registry.rs", 63, "`spin registry push` composes a component with its dependencies by default"),
  spinSubtype: spin("crates/compose/src/lib.rs", 385, "a dependency's export must be a subtype of the import"),
  spinMissingExport: spin("crates/compose/src/lib.rs", 368, "a dependency must export what the import is named, version included"),
  spinUnmatched: spin("crates/compose/src/lib.rs", 286, "a dependency's name must match an import"),
  spinConflicts: spin("crates/compose/src/lib.rs", 310, "an import that two dependencies could serve is an error"),
  spinInstantiatePre: spin("crates/factors-executor/src/lib.rs", 137, "components are linked when the app starts"),
  spinHandlerType: spin("crates/trigger-http/src/server.rs", 199, "which handler a component exports is asked when the app starts"),
  spinTargets: spin("crates/build/src/lib.rs", 95, "`spin build` checks worlds of target environments, where the manifest names some (then: build)"),
  spinEnsureWasm: spin("crates/oci/src/validate.rs", 7, "push looks at the header of each file only"),
  spinCompile: spin("crates/trigger/src/loader.rs", 130, "components are compiled when the app starts"),
  spinComponentize: spin("crates/componentize/src/lib.rs", 42, "core modules are made into components; push does it where it composes"),
  spinSource: spin("crates/loader/src/local.rs", 236, "a component's file is read by push and up"),
  spinDownload: spin("crates/loader/src/local.rs", 778, "a file from an address is held against its digest when it is fetched, by push and up"),
  spinHostsChecked: spin("crates/loader/src/local.rs", 219, "`allowed_outbound_hosts` is parsed by push and up, not by build"),
  spinHostScheme: spin(hosts, 125, "an entry without a scheme is refused"),
  spinHostPath: spin(hosts, 282, "an entry with a path is refused"),
  spinHostWildcard: spin(hosts, 298, "a wildcard elsewhere than in front is refused"),
  spinHostAny: spin(hosts, 264, "`*` as the host is accepted"),
  spinHostTruncates: spin(hosts, 276, "bits of a network's address beyond its prefix are cut off in silence"),
  spinHostLiteral: spin(hosts, 301, "an unusual spelling of an address is taken for the address"),
  spinHostPort: spin(hosts, 412, "a port must be a number of 16 bits"),
  spinHostRange: spin(hosts, 409, "a range whose start is above its end is accepted, and matches nothing"),
  spinHostCheck: spin(hosts, 40, "a request is held against the list when it is made"),
  spinUnknownFields: spin("crates/manifest/src/schema/v2.rs", 79, "unknown keys of the manifest are refused"),
  spinManifestWarning: spin("crates/build/src/lib.rs", 69, "`spin build` says what is wrong with the manifest as a warning"),
  spinKeyValueLabel: spin("crates/factor-key-value/src/lib.rs", 86, "a label that the runtime's configuration does not have ends the start"),
  spinCapabilitySets: spin("crates/capabilities/src/lib.rs", 17, "a dependency inherits whole sets of capabilities; names that are unknown are ignored in silence"),
  spinRequiredVariables: spin("crates/expressions/src/lib.rs", 94, "a required variable that no provider may resolve ends the start"),
  spinFiles: spin("crates/loader/src/local.rs", 472, "files that do not exist are an error of push and up"),
  spinDuplicateRoutes: spin("crates/trigger-http/src/server.rs", 134, "a second component on a route is a line in the log at start"),
  spinUntriggered: issue("spinframework/spin", 3280, "components that no trigger names are not even loaded", "pull"),
  spinTimeout: spin("crates/trigger-http/src/lib.rs", 116, "the time limit of requests is for WASI 0.3 only, and off by default"),
  spinMemory: spin("crates/trigger/src/cli/max_instance_memory.rs", 23, "the memory of an instance is limited where the command line says so"),
  spinNeedsComposed: issue("fermyon/developer", 1392, "a dependency that needs others has to be composed beforehand", "pull"),
  // wasmCloud
  wasmcloudLinks: wasmcloud(workload, 1348, "components of a workload are linked by name, without a look at the types"),
  wasmcloudSkips: wasmcloud(workload, 1266, "a function that the exporter does not have is left out of the link"),
  wasmcloudByName: wasmcloud(workload, 1193, "an import that no sibling exports under the very name is left to the host"),
  wasmcloudAmbiguous: wasmcloud(workload, 1062, "an import that two components export ends the start"),
  wasmcloudCycle: wasmcloud(workload, 2744, "a circle ends the start"),
  wasmcloudSiblingFirst: wasmcloud(workload, 2635, "a sibling's export is taken before the host's plugin"),
  wasmcloudFirstExporter: wasmcloud(workload, 2453, "of several components that serve HTTP, the first one of the manifest does"),
  wasmcloudMatch: wasmcloud("crates/wash-runtime/src/wit.rs", 52, "an entry of hostInterfaces that no component needs is passed over"),
  wasmcloudInstantiatePre: wasmcloud("crates/wash-runtime/src/host/http.rs", 1222, "a component that serves HTTP is linked when the workload starts"),
  wasmcloudNoHandler: wasmcloud("crates/wash-runtime/src/host/http.rs", 1234, "a component that does not serve HTTP stays unregistered: 404"),
  wasmcloudHosts: wasmcloud("crates/wash-runtime/src/host/http.rs", 2130, "a request is held against allowedHosts when it is made"),
  wasmcloudHostSyntax: wasmcloud(crd, 141, "the definition of the resource has a pattern for allowedHosts"),
  wasmcloudHostParse: wasmcloud("crates/wash-runtime/src/washlet/mod.rs", 690, "allowedHosts is parsed when the workload starts"),
  wasmcloudHostPorts: wasmcloud("crates/wash-runtime/src/host/allowed_hosts.rs", 40, "an entry without a port matches every port, one with a port that one"),
  wasmcloudHostNames: wasmcloud("crates/wash-runtime/src/host/allowed_hosts.rs", 256, "for raw sockets a name matches nothing"),
  wasmcloudSockets: wasmcloud("crates/wash-runtime/src/sockets/policy.rs", 135, "what raw sockets reach beyond the list is counted, not refused, unless the host is told to"),
  wasmcloudPush: wasmcloud("crates/wash-runtime/src/oci.rs", 763, "`wash oci push` decodes the component"),
  wasmcloudPull: wasmcloud("crates/wash-runtime/src/oci.rs", 694, "the host decodes what it pulled when the workload starts"),
  wasmcloudService: wasmcloud("crates/wash-runtime/src/engine/mod.rs", 525, "a service that does not export `run` ends the start"),
  wasmcloudHostPath: wasmcloud("crates/wash-runtime/src/engine/mod.rs", 383, "a folder of the host that does not exist ends the start"),
  wasmcloudConfig: wasmcloud("runtime-operator/internal/controller/runtime/utils.go", 72, "a ConfigMap that does not exist ends the start; which keys it has is not asked"),
  wasmcloudInstantiates: wasmcloud("crates/wash-runtime/src/host/http.rs", 1976, "an instance is made for the request"),
  wasmcloudHostAlternative: wasmcloud("crates/wash-runtime/src/host/allowed_hosts.rs", 163, "an entry is compared as text, without regard to case"),
  wasmtimeDynamic: code("bytecodealliance/wasmtime", "crates/wasmtime/src/runtime/component/func/host.rs", undefined, "functions of this kind are checked against their types when they are called"),
  // runwasi and Kubernetes
  runwasiInstantiatePre: runwasi(shim, 259, "an HTTP component is linked when the pod starts"),
  runwasiFunction: runwasi(shim, 294, "a component with neither handler nor command is called by an exported name when the pod starts"),
  runwasiTarget: runwasi(shim, 41, "an export that begins with wasi:http/incoming-handler is served; else wasi:cli/run is run once"),
  runwasiCompile: runwasi(shim, 355, "components are compiled when the pod starts"),
  runwasiPrecompiled: runwasi(shim, 366, "native code from the image is loaded as it is"),
  runwasiInvalid: runwasi(shim, 370, "other bytes end the start"),
  runwasiCore: runwasi(shim, 351, "core modules are run by their start function when the pod starts"),
  runwasiOpen: runwasi(shim, 415, "network, look-ups and the container's whole file system are open to every command"),
  runwasiHttpOpen: runwasi(shim, 257, "outgoing HTTP is linked without any list of hosts"),
  runwasiEnv: runwasi("crates/containerd-shim-wasmtime/src/http_proxy.rs", 169, "the pod's whole environment goes to the component"),
  runwasiInstance: runwasi("crates/containerd-shim-wasmtime/src/http_proxy.rs", 199, "an instance is made for the request, without a limit of time or memory"),
  kubernetesConfigKey: code("kubernetes/website", "content/en/docs/tasks/configure-pod-container/configure-pod-configmap.md", undefined, "a pod that refers to a key that does not exist does not start"),
  wasmcloudVolumeWarning: wasmcloud("crates/wash-runtime/src/engine/mod.rs", 610, "a mount of an unknown volume is a warning of the host"),
  kubernetesMounts: code("kubernetes/kubernetes", "pkg/apis/core/validation/validation.go", undefined, "a mount must name a volume of the pod, at a path that no other mount has; the path may be anything but empty"),
  kubernetesNetworks: {
    kind: "code",
    label: "kubernetes: pkg/apis/networking/validation/validation.go",
    url: "https://github.com/kubernetes/kubernetes/blob/019c5dc51786ef4d3a3c670a852267d2b087016c/pkg/apis/networking/validation/validation.go",
    says: "networks of a NetworkPolicy are validated, of which all addresses are one; a range whose end is below its start is refused",
  },
  kubernetesHostPath: issue("kubernetes/kubernetes", 34058, "a folder of the node that does not exist ends the start, where its type is asked for", "pull"),
  kubernetesHostPathLinks: { kind: "docs", label: "kubernetes hostPath", url: "https://github.com/instrumenta/kubernetes-json-schema/blob/master/v1.8.14-standalone/hostpathvolumesource.json", says: "a link is followed to the real path" },
  kubernetesUnknownFields: issue("kubernetes/enhancements", 2885, "unknown fields of an object are refused when it is applied"),
  kubernetesDigest: { kind: "docs", label: "kubernetes images", url: "https://kubernetes.io/docs/concepts/containers/images/", says: "an image by digest is these bytes and no others; the node pulls it when the pod starts" },
  spinDestination: spin("crates/loader/src/local.rs", 417, "a destination is joined to the component's folder, whatever it is"),
  spinEnvironment: spin("crates/manifest/src/schema/v2.rs", 590, "values of the environment are literals of the manifest, and go into the artifact"),
  spinReadOnly: spin("crates/factor-wasi/src/lib.rs", 452, "files are mounted for reading"),
  spinListen: spin("crates/trigger-http/src/server.rs", 267, "an address that is in use ends the start"),
  spinWagi: spin("crates/trigger-http/src/server.rs", 213, "that a component is a command is found when the app starts"),
  spinInstantiates: spin("crates/trigger-http/src/spin.rs", 36, "an instance is made for the request"),
  spinDependencyFile: spin("crates/loader/src/local.rs", 239, "dependencies are read by push and up"),
  wasmcloudEnvironment: wasmcloud(crd, 173, "values of the environment may stand in the resource"),
  wasmcloudMountPath: wasmcloud(crd, 232, "a mount's path is any text"),
  wasmcloudReadOnly: wasmcloud("crates/wash-runtime/src/engine/volumes.rs", 44, "a mount that is read-only is opened so"),
  wasmcloudRouting: wasmcloud("crates/wash-runtime/src/host/http.rs", 332, "workloads share the host's port, and are told apart by name"),
  wasmcloudServes03: wasmcloud("crates/wash-runtime/src/engine/mod.rs", 598, "WASI 0.3 is served as well"),
  wasmcloudNoLimit: wasmcloud("crates/wash-runtime/src/types.rs", 92, "a limit of memory is carried along, and nothing reads it"),
  runwasiListen: runwasi("crates/containerd-shim-wasmtime/src/http_proxy.rs", 98, "the server listens within the pod"),
  runwasiHttpClosed: runwasi("crates/containerd-shim-wasmtime/src/http_proxy.rs", 167, "a component that serves HTTP gets no files and no sockets"),
  // wac
  wacMismatch: wac("crates/wac-graph/src/graph.rs", 168, "an argument must fit the import's type"),
  wacPlugSkips: wac("crates/wac-graph/src/plug.rs", 55, "plug leaves out an export that does not fit, and the import stays open"),
  wacArgument: wac("crates/wac-graph/src/graph.rs", 158, "an argument must name an import"),
  wacMissingExport: wac("crates/wac-graph/src/graph.rs", 106, "an instance must have the export"),
  wacTwice: wac("crates/wac-graph/src/graph.rs", 177, "an import can be given once"),
  wacExportTwice: wac("crates/wac-graph/src/graph.rs", 120, "a name can be exported once"),
  wacCycle: wac("crates/wac-graph/src/graph.rs", 198, "a circle cannot be encoded"),
  wacConflict: wac("crates/wac-graph/src/graph.rs", 216, "imports that are merged must fit together"),
  wacValidates: wac("crates/wac-graph/src/graph.rs", 190, "what was encoded is validated"),
  wacNoPlug: wac("crates/wac-graph/src/plug.rs", 84, "plug fails when no export fits"),
  wacUnknownPackage: wac("crates/wac-parser/src/resolution.rs", 356, "a package must be known"),
  wacFile: wac("src/commands/plug.rs", 147, "the files are read when they are composed"),
  wacNamed: wac("src/commands/compose.rs", 90, "packages that the text does not name are not looked at"),
  wacSyntax: wac("crates/wac-parser/src/ast.rs", 80, "the text is parsed"),
  // Reports from the field
  "cargo-component#155": issue("bytecodealliance/cargo-component", 155, "an imported component has the wrong type, which is found when it is run"),
  "cargo-component#235": issue("bytecodealliance/cargo-component", 235, "module requires an import interface named `env`"),
  "ComponentizeJS#282": issue("bytecodealliance/ComponentizeJS", 282, "a component that was meant to serve HTTP does not export the handler"),
  "componentize-py#94": issue("bytecodealliance/componentize-py", 94, "a component needs more memory than the runtime's limit when it is instantiated"),
  "crun#1871": issue("containers/crun", 1871, "a component where the runtime takes core modules"),
  "runwasi#157": issue("containerd/runwasi", 157, "no way to say which files a module may reach"),
  "runwasi#266": issue("containerd/runwasi", 266, "the container's root is open to the module; other capabilities cannot be expressed"),
  "shim-spin#447": issue("spinframework/containerd-shim-spin", 447, "images that claim to be precompiled were trusted", "pull"),
  "spec#1031": issue("WebAssembly/spec", 1031, "an HTML page in place of the module"),
  "spin#160": issue("spinframework/spin", 160, "secrets had to stand in the manifest or in files"),
  "spin#341": issue("spinframework/spin", 341, "two components on one route load without complaint"),
  "spin#714": issue("spinframework/spin", 714, "a required variable without a value failed when it was read"),
  "spin#959": issue("spinframework/spin", 959, "an unknown import ends the start", "pull"),
  "spin#1004": issue("spinframework/spin", 1004, "a host that is not allowed, found by calling it"),
  "spin#2044": issue("spinframework/spin", 2044, "a host that is not allowed, found by calling it"),
  "spin#2130": issue("spinframework/spin", 2130, "a component that no trigger names, which ended in a panic then"),
  "spin#2137": issue("spinframework/spin", 2137, "a request that does not end, without a limit of time"),
  "spin#2153": issue("spinframework/spin", 2153, "API keys and passwords end up in the manifest"),
  "spin#2545": issue("spinframework/spin", 2545, "a path in an allowed host"),
  "spin#2969": issue("spinframework/spin", 2969, "resource types of a composition that are not the same"),
  "spin#3000": issue("spinframework/spin", 3000, "a handler in a version that the runtime does not know"),
  "spin#3152": issue("spinframework/spin", 3152, "an allowed host without a scheme, and one that is a mere wildcard", "pull"),
  "spin#3207": issue("spinframework/spin", 3207, "files that are no modules were pushed"),
  "wac#56": issue("bytecodealliance/wac", 56, "an argument for an import that the component does not have"),
  "wac#149": issue("bytecodealliance/wac", 149, "resource types are not the same"),
  "wac#166": issue("bytecodealliance/wac", 166, "a circle by way of a type"),
  "wac#167": issue("bytecodealliance/wac", 167, "an import that the composition does not recognise"),
  "wash#184": issue("wasmCloud/wash", 184, "instance export has the wrong type: function implementation is missing"),
  "wash#185": issue("wasmCloud/wash", 185, "circles between components of a workload", "pull"),
  "wasm-tools#1165": issue("bytecodealliance/wasm-tools", 1165, "components that depend on one another"),
  "wasm-tools#1452": issue("bytecodealliance/wasm-tools", 1452, "a resource that several modules use cannot be composed one by one"),
  "wasm-tools#2185": issue("bytecodealliance/wasm-tools", 2185, "a core module with host functions of its own cannot become a component"),
  "wasmCloud#3503": issue("wasmCloud/wasmCloud", 3503, "mismatched resource types between two components"),
  "wasmCloud#4063": issue("wasmCloud/wasmCloud", 4063, "versions of one interface that collide"),
  "wasmCloud#5280": issue("wasmCloud/wasmCloud", 5280, "a workload that does not start, without a reason in its status"),
  "wasmCloud#5342": issue("wasmCloud/wasmCloud", 5342, "examples that failed for want of an allowed host", "pull"),
  "wasmCloud#5423": issue("wasmCloud/wasmCloud", 5423, "look-ups denied, with no field to allow them", "pull"),
} as const satisfies Record<string, Source>; // biome-ignore format: a table

export type SourceName = keyof typeof sources;
