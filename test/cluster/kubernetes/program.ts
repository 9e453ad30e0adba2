/**
 * Stacks whose program is in TypeScript and uses the real Kubernetes plugin beside ours. Neither this package nor its
 * programs have `@pulumi/kubernetes`: a program declares objects by the type tokens that the plugin knows.
 */
import { dirname, join } from "node:path";
import { tool } from "../../../tools/toolchain/index.ts";
import { nodeWorkspace, writeProgram } from "../../engine/nodeProgram.ts";
import { repository, type Workspace } from "../../engine/workspace.ts";

export async function kubernetesWorkspace(): Promise<Workspace> {
  const workspace = await nodeWorkspace();
  const kubernetes = dirname(await tool("pulumi-resource-kubernetes"));
  // By path, and without a version: whatever version a program asks for, it is this plugin.
  const providers = [
    { name: "wasm", path: join(repository, "dist") },
    { name: "kubernetes", path: kubernetes },
  ];
  await workspace.write({ plugins: { providers } }, "nodejs");
  return workspace;
}

/** Declares a transform of that name: nothing becomes ready without nodes and controllers. */
export const withoutAwait = `
  const withoutAwait: pulumi.ResourceTransform = ({ type, props, opts }) => {
    if (!type.startsWith("kubernetes:")) return undefined;
    const annotations = { ...props.metadata?.annotations, "pulumi.com/skipAwait": "true" };
    return { props: { ...props, metadata: { ...props.metadata, annotations } }, opts };
  };
`;

interface Place {
  kubeconfig: string;
  namespace: string;
  /**
   * Whether the plugin compares with what is really there. Newer ones always do; this one fails then where a Secret or ConfigMap that
   * is immutable has other values. Default: false.
   */
  dryRun?: boolean;
}

/**
 * Makes `body` the program. It has `pulumi`, `wasm`, `cluster` (the provider resource of this cluster), `namespace`,
 * `withoutAwait` (a transform),
 * and `KubernetesObject`, of which `new KubernetesObject("apps/v1", "Deployment", name, inputs, options)` is a resource.
 */
export async function writeKubernetesProgram(
  workspace: Workspace,
  place: Place,
  body: string,
): Promise<void> {
  await writeProgram(workspace, `${prelude(place)}\n${body}`);
}

function prelude({ kubeconfig, namespace, dryRun = false }: Place): string {
  return `
    class KubernetesObject extends pulumi.CustomResource {
      declare metadata: pulumi.Output<{ name: string; namespace: string; uid: string; [key: string]: unknown }>;
      constructor(apiVersion: string, kind: string, name: string, inputs: pulumi.Inputs, options?: pulumi.CustomResourceOptions) {
        const group = apiVersion.includes("/") ? apiVersion : \`core/\${apiVersion}\`;
        super(\`kubernetes:\${group}:\${kind}\`, name, { apiVersion, kind, metadata: {}, spec: undefined, status: undefined, ...inputs }, options);
      }
    }
    class Cluster extends pulumi.ProviderResource {
      constructor(name: string, inputs: pulumi.Inputs, options?: pulumi.ResourceOptions) {
        super("kubernetes", name, inputs, options);
      }
    }
    const namespace = ${JSON.stringify(namespace)};
    ${withoutAwait}
    const cluster = new Cluster("cluster", { kubeconfig: pulumi.secret(${JSON.stringify(kubeconfig)}), enableDryRun: ${dryRun} });
  `;
}
