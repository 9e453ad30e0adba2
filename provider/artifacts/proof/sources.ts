/** Whether one argument comes from where it should. */
import type { Permit } from "./expected.ts";
import { type ItemName, itemOf, sameTrack } from "./names.ts";
import type { Origin } from "./parts.ts";
import type { Node } from "./roles.ts";

/** What an accepted argument says of the instances below it. */
export type Claim =
  /** The instance is the module of this name. */
  | { instance: number; as: "module"; name: string }
  /** The instance serves this import of the module at hand. */
  | { instance: number; as: "guard"; import: string }
  | { instance: number; as: "deny" };

/** An argument that comes from where it should, or what is wrong. */
export type Finding = { claims: Claim[] } | { fault: string };

const accepted: Finding = { claims: [] };

/** Follows arguments in one composition. */
export class Sources {
  private readonly nodes: ReadonlyMap<number, Node>;
  /** Whether links are only those that were planned. */
  private readonly planned: boolean;

  constructor(nodes: ReadonlyMap<number, Node>, planned: boolean) {
    this.nodes = nodes;
    this.planned = planned;
  }

  /** The import `name` of a module, as its permit says. */
  ofModule(permit: Permit | undefined, name: string, item: ItemName, origin: Origin): Finding {
    if (origin.from === "type") return accepted;
    if (!permit) return { fault: "nothing is expected of it" };
    if (permit.guard === undefined) return this.unguarded(permit, item, origin);
    const guard = this.served(origin, item);
    if (guard?.role.is === "guard" && guard.role.name === permit.guard) {
      return { claims: [{ instance: guard.index, as: "guard", import: name }] };
    }
    return {
      fault: `it should come from the guard ${permit.guard}, and comes from ${this.describe(origin)}`,
    };
  }

  /** What a guard passes on to: that which served the module, were there no guard. */
  unguarded({ guard, link, access }: Permit, item: ItemName, origin: Origin): Finding {
    if (link) return this.linked(link.to, link.export, origin);
    if (!this.planned && this.isModule(origin)) return accepted;
    return guard === undefined && access === "denied"
      ? this.denied(item, origin)
      : this.fromRoot(item, origin);
  }

  fromRoot(item: ItemName, origin: Origin): Finding {
    if (origin.from === "root" && origin.path.length === 0) {
      const own = itemOf(origin.import);
      if (own.label === item.label && sameTrack(own.item, item.item)) return accepted;
    }
    return { fault: `it should come from the root, and comes from ${this.describe(origin)}` };
  }

  denied(item: ItemName, origin: Origin): Finding {
    const node = this.served(origin, item);
    if (node?.role.is === "deny") return { claims: [{ instance: node.index, as: "deny" }] };
    return { fault: `it should be denied, and comes from ${this.describe(origin)}` };
  }

  /** The text of the rules that an argument gives. */
  rules(origin: Origin | undefined): string | undefined {
    const node = origin?.from === "instance" ? this.nodes.get(origin.index) : undefined;
    return node?.role.is === "rules" ? node.role.text : undefined;
  }

  describe(origin: Origin): string {
    if (origin.from === "type") return "a type";
    if (origin.from === "unknown") return origin.what;
    const path = origin.path.map((name) => `.${name}`).join("");
    if (origin.from === "root") return `the root's ${origin.import.name}${path}`;
    return `instance ${origin.index} (${roleText(this.nodes.get(origin.index))})${path}`;
  }

  private linked(module: string, name: string, origin: Origin): Finding {
    const isExport = origin.from === "instance" && origin.path.length === 1 && origin.path[0] === name;
    if (isExport && this.isModule(origin)) {
      return { claims: [{ instance: origin.index, as: "module", name: module }] };
    }
    return { fault: `it should be ${module}'s ${name}, and comes from ${this.describe(origin)}` };
  }

  /** An instance of a module may be given as a whole, too. */
  private isModule(origin: Origin): boolean {
    if (origin.from !== "instance") return false;
    const node = this.nodes.get(origin.index);
    const [name] = origin.path;
    return node?.role.is === "module" && (name === undefined || node.of.exports.has(name));
  }

  /** The instance that exports an item, in a version of its track, as what is given. */
  private served(origin: Origin, { item }: ItemName): Node | undefined {
    if (origin.from !== "instance" || origin.path.length !== 1) return undefined;
    const [name = ""] = origin.path;
    const node = this.nodes.get(origin.index);
    const found = node?.of.exports.get(name);
    return found && sameTrack(itemOf(found).item, item) ? node : undefined;
  }
}

export function roleText(node: Node | undefined): string {
  switch (node?.role.is) {
    case "module":
      return `module ${node.role.names.join(" or ")}`;
    case "guard":
      return `guard ${node.role.name}`;
    case "rules":
      return "rules";
    case "deny":
      return "denial";
    default:
      return "unknown";
  }
}
