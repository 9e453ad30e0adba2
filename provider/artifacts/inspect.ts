import { join } from "node:path";
import { pluginFile } from "../pluginFiles.ts";
import { type Digest, hexOf } from "./digest.ts";
import { ArtifactError, throwIfCancelled } from "./errors.ts";
import { type Inspection, inspectionSchema, inspectorVersion } from "./inspection.ts";
import type { InspectReply, InspectRequest } from "./inspectorProcess.ts";
import { Records } from "./records.ts";
import { damaged, missing, type Store } from "./store.ts";
import { ToolError, ToolProcess } from "./toolProcess.ts";

/** Memory of the parser in pages of 64 KiB: 2 GiB, where a module may have 256 MiB. */
const maxMemoryPages = 32_768;

export interface InspectorOptions {
  /** How long one module may take. Default 60 000. */
  timeoutMilliseconds?: number;
  /** How long the process waits for another module before it ends. Default 2 000. */
  idleMilliseconds?: number;
  /** The process's script. Default: the one that is shipped. */
  script?: string;
}

/**
 * Inspects modules in a process of their own, one after the other: a fault costs that process only, and its memory goes
 * with it, which that of a thread does not. Results are kept on disk by digest and version of the inspector, so that the
 * same bytes are parsed once on a machine; while they are known, no process starts and no parser is loaded.
 */
export class Inspector {
  private readonly store: Store;
  private readonly parser: ToolProcess;
  private readonly timeoutMilliseconds: number;
  private readonly inspections: Records<Inspection>;

  constructor(store: Store, options: InspectorOptions = {}) {
    this.store = store;
    this.timeoutMilliseconds = options.timeoutMilliseconds ?? 60_000;
    this.parser = new ToolProcess({
      script: () => options.script ?? pluginFile("inspector.js"),
      timeoutMilliseconds: this.timeoutMilliseconds,
      idleMilliseconds: options.idleMilliseconds ?? 2_000,
      maxMemoryPages,
    });
    this.inspections = new Records(join(store.folder, "inspections", inspectorVersion), inspectionSchema);
  }

  /**
   * Inspects bytes of the store.
   *
   * @throws ArtifactError `not-deployable`, `invalid`, `not-found`, `damaged`, `time-limit`, `cancelled`
   */
  async inspect(digest: Digest, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<Inspection> {
    throwIfCancelled(signal);
    const known = await this.recall(digest);
    if (known) return known;
    throwIfCancelled(signal);
    const inspection = await this.parse(digest, signal);
    await this.inspections.remember(hexOf(digest), inspection);
    return inspection;
  }

  /** What was found before, by this or another provider of this machine. */
  async recall(digest: Digest): Promise<Inspection | undefined> {
    const known = await this.inspections.recall(hexOf(digest));
    return known?.digest === digest ? known : undefined;
  }

  /** Ends the process, and an inspection under way as cancelled; inspecting again starts another. */
  async close(): Promise<void> {
    await this.parser.close();
  }

  private async parse(digest: Digest, signal: AbortSignal | undefined): Promise<Inspection> {
    const request: InspectRequest = { path: this.store.path(digest), digest };
    // After an error the parser may be unusable.
    const isFault = (reply: unknown) => !("inspection" in (reply as InspectReply));
    const reply = await this.parser.ask(request, isFault, signal).catch((error) => {
      throw this.explained(error);
    });
    const { inspection, error } = reply as Partial<Record<"inspection", unknown>> & { error?: ReplyError };
    if (error) throw await this.failure(digest, error);
    return inspectionSchema.parse(inspection);
  }

  private explained(error: unknown): unknown {
    if (!(error instanceof ToolError)) return error;
    return error.reason === "time-limit" ? tooLong(this.timeoutMilliseconds) : tooHard(error);
  }

  private async failure(digest: Digest, error: ReplyError): Promise<Error> {
    if (error.code === "internal") return new Error(`The inspection of ${digest} failed: ${error.message}`);
    if (error.code === "not-found") return missing(digest);
    if (error.code !== "damaged") return new ArtifactError(error.code, error.message);
    await this.store.discard(digest);
    return damaged(digest);
  }
}

type ReplyError = Extract<InspectReply, { error: unknown }>["error"];

function tooLong(milliseconds: number): ArtifactError {
  return new ArtifactError(
    "time-limit",
    `The module could not be inspected within ${milliseconds / 1000} seconds.`,
  );
}

function tooHard(cause: Error): ArtifactError {
  return new ArtifactError(
    "invalid",
    `The module could not be parsed within the limits of memory (${cause.message}). Build it again, smaller.`,
    { cause },
  );
}
