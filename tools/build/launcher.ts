/** The oldest Node that runs the bundle. */
export const minimumNode = 22;

/** A small young generation: the plugin waits most of the time, and Node would let it grow by tens of megabytes. */
export const nodeFlags = ["--max-semi-space-size=2"];

/**
 * The plugin's executable: a POSIX shell script that starts main.js on the Node shipped beside it, else on
 * `repositoryNode` (relative to the script's folder), else on the one of PATH when it is new enough.
 */
export function launcher(repositoryNode: string | undefined): string {
  const shipped = ["$here/node", ...(repositoryNode ? [`$here/${repositoryNode}`] : [])];
  const flags = nodeFlags.join(" ");
  return `#!/bin/sh
# Starts the Pulumi Wasm provider on a Node that is new enough.
case $0 in
  */*) self=$0 ;;
  *) self=./$0 ;;
esac
while [ -h "$self" ]; do
  link=$(readlink "$self")
  case $link in
    /*) self=$link ;;
    *) self=\${self%/*}/$link ;;
  esac
done
here=$(CDPATH= cd "\${self%/*}" && pwd -P) || exit 1

for node in ${shipped.map((path) => `"${path}"`).join(" ")}; do
  [ -x "$node" ] && exec "$node" ${flags} "$here/main.js" "$@"
done

found=$(node --version 2>/dev/null)
major=\${found#v}
major=\${major%%.*}
if [ "\${major:-0}" -ge ${minimumNode} ] 2>/dev/null; then
  exec node ${flags} "$here/main.js" "$@"
fi
echo "pulumi-resource-wasm needs Node.js ${minimumNode} or newer on PATH, and found \${found:-none}. Install it from https://nodejs.org." >&2
exit 1
`;
}
