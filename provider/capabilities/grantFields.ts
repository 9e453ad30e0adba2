/** The inputs of a CapabilityGrant, with the words of its reference page. */
import * as z from "zod";
import { isUnknown, list, type OrUnknown, object, optional, required } from "../schema/fields.ts";
import { formatCallee, parseCallee } from "./callee.ts";
import type { Parsed } from "./hosts.ts";
import {
  formatOrigin,
  parseConfigKey,
  parseEnvironmentKey,
  parseGuestPath,
  parseInterface,
  parseLabel,
  parseLookupName,
  parseOrigin,
  parsePortRange,
  parseSocketHost,
} from "./parse.ts";

/** Text that a parser accepts; its problem becomes the message at the property. */
function text(parse: (value: string) => Parsed<unknown>) {
  return z.string().superRefine((value, context) => {
    const parsed = parse(value);
    if (!parsed.ok) context.addIssue({ code: "custom", message: parsed.problem });
  });
}

/** One of two words; zod's own message for a missing one speaks of options. */
function either<const T extends [string, string]>(...words: T) {
  const all = words.join(" or ");
  return z.enum(words, {
    error: ({ input }) => (input === undefined ? `is required: ${all}` : `is neither ${words.join(" nor ")}`),
  });
}

/** A list in which nothing stands twice, by the entries' canonical form. */
function entries<T>(parse: (value: string) => Parsed<T>, format: (value: T) => string = String) {
  return list(text(parse)).superRefine((items, context) => {
    const first = new Map<string, number>();
    for (const [index, item] of items.entries()) {
      const parsed = typeof item === "string" ? parse(item) : undefined;
      if (!parsed?.ok) continue;
      const canonical = format(parsed.value);
      const before = first.get(canonical);
      if (before === undefined) first.set(canonical, index);
      else
        context.addIssue({
          code: "custom",
          path: [index],
          message: `says the same as entry ${before}; leave one out`,
        });
    }
  });
}

const socketFields = object("wasm:index:SocketGrant", "Connections and datagrams to one host or network.", {
  host: required(text(parseSocketHost), {
    description:
      "An IP address (`192.0.2.7`, `2001:db8::7`), a network in CIDR form (`10.0.0.0/8`), or a host name. A name reaches " +
      "only the addresses that a granted look-up of it returned, so grant `nameLookup` for it too. No wildcards.",
  }),
  protocol: required(either("tcp", "udp"), { description: "`tcp` or `udp`." }),
  ports: required(list(text(parsePortRange)).min(1, "is empty; name at least one port"), {
    description: 'Remote ports, each a number or an inclusive range, as text: `["5432", "6000-6010"]`.',
  }),
});

const fileFields = object("wasm:index:FileGrant", "A folder of the guest, backed by a volume.", {
  path: required(text(parseGuestPath), {
    description: "Absolute path as the guest sees it, such as `/data`. Never a path of the host.",
  }),
  access: required(either("read", "write"), { description: "`read`, or `write`, which includes reading." }),
  volume: required(text(parseLabel), {
    description: "Name of the volume. Which folder or disk it is, the App's bindings say.",
  }),
});

const ambientFields = object(
  "wasm:index:AmbientGrant",
  "What a module has unless a grant takes it away. `false` narrows; where two grants disagree, `true` wins.",
  {
    clocks: optional(z.boolean(), {
      description: "Wall and monotonic clocks, and waiting. On where no grant says otherwise.",
    }),
    random: optional(z.boolean(), { description: "Random numbers. On where no grant says otherwise." }),
    stdio: optional(z.boolean(), {
      description:
        "Standard input, which is empty, and output, which goes to the log. On where no grant says otherwise.",
    }),
  },
);

/** Two volumes at one path: the second would hide the first. */
function oneVolumePerPath(
  items: OrUnknown<z.infer<typeof fileFields>>[],
  add: (index: number, message: string) => void,
) {
  const first = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    if (isUnknown(item) || isUnknown(item.path)) continue;
    const parsed = parseGuestPath(item.path);
    if (!parsed.ok) continue;
    const before = first.get(parsed.value);
    if (before === undefined) first.set(parsed.value, index);
    else
      add(
        index,
        `grants ${parsed.value} again, as entry ${before} does; leave one out (write includes reading)`,
      );
  }
}

const labels = entries(parseLabel);

export const grantFields = z.strictObject({
  http: optional(entries(parseOrigin, formatOrigin), {
    description:
      "Origins that outgoing HTTP requests may go to, `scheme://host[:port]`: `https://api.stripe.com`, " +
      "`http://localhost:8080`, `https://*.example.com` (each host below example.com, not example.com itself). Without a port it " +
      "is the scheme's own (80 or 443) and no other. Paths, user information and a wildcard for every host are errors.",
  }),
  sockets: optional(list(socketFields), {
    description:
      'TCP and UDP to hosts or networks: `{ host: "10.0.0.0/8", protocol: "tcp", ports: ["5432"] }`. Outgoing only. ' +
      "HTTP needs no entry here: see `http`.",
  }),
  nameLookup: optional(entries(parseLookupName), {
    description:
      "Names that may be looked up in DNS: `db.example.com`, or `*.example.com` for each name below it.",
  }),
  filesystem: optional(
    list(fileFields).superRefine((items, context) =>
      oneVolumePerPath(items, (index, message) =>
        context.addIssue({ code: "custom", path: [index], message }),
      ),
    ),
    {
      description:
        'Folders: `{ path: "/data", access: "read", volume: "catalog" }`. The volume is bound to a place by the App.',
    },
  ),
  environment: optional(entries(parseEnvironmentKey), {
    description:
      'Keys of environment variables: `["STRIPE_KEY"]`. Values, secret or not, stand in the App\'s bindings and never here. ' +
      "Where several modules are composed, their host calls the one of `my-api` `MY_API__STRIPE_KEY`.",
  }),
  config: optional(entries(parseConfigKey), {
    description:
      'Keys of `wasi:config`: `["greeting"]`. Values stand in the App\'s bindings. Where several modules are composed, their ' +
      "host calls the one of `my-api` `my_api_0_greeting`.",
  }),
  keyValue: optional(labels, { description: 'Key-value stores (`wasi:keyvalue`) by name: `["sessions"]`.' }),
  blobs: optional(labels, { description: 'Containers of blobs (`wasi:blobstore`) by name: `["uploads"]`.' }),
  messaging: optional(labels, {
    description:
      'Subjects of messages (`wasmcloud:messaging`) that may be sent to, replies included: `["orders"]`.',
  }),
  sql: optional(labels, {
    description:
      'Databases of Spin (`fermyon:spin/sqlite@2.0.0`, `spin:sqlite/sqlite@3.0.0`) by label: `["default"]`. Statements that open another ' +
      "file (`ATTACH`, `VACUUM INTO`) are denied.",
  }),
  calls: optional(entries(parseCallee, formatCallee), {
    description:
      'Other Apps or Services that may be called, by the name that the module calls them by: `["billing"]` opens `http://billing`, ' +
      '`["billing.shop:8080"]` opens `http://billing.shop:8080`, and nothing else of that host. A name, its namespace where one is ' +
      "needed, and a port where it is not 80, all in lower case. No https: TLS between Apps is for a mesh to add.",
  }),
  interfaces: optional(entries(parseInterface), {
    description:
      "Any other WIT interface, by full name and exactly the version that the module imports: `acme:ai/model@1.2.0`. Interfaces of " +
      "the families above are granted there.",
  }),
  ambient: optional(ambientFields, {
    description: "Narrows what each module has by default: `{ clocks: false }`.",
  }),
});

/** Inputs as Check has accepted them: every leaf may be unknown in preview. */
export type GrantInputs = z.output<typeof grantFields>;
