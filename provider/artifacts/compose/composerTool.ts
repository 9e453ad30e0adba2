import { pluginFile } from "../../pluginFiles.ts";
import { ArtifactError } from "../errors.ts";
import { ToolError, ToolProcess } from "../toolProcess.ts";
import { type ComposerReply, type ComposerRequest, composerReply } from "./protocol.ts";

/** All that 32 bits address: 4 GiB, for modules of 256 MiB that are in it twice, and their composition. */
const maxMemoryPages = 65_536;

export interface ComposerOptions {
  /** How long one composition may take. Default 120 000. */
  timeoutMilliseconds?: number;
  /** How long the process waits for another composition before it ends. Default 2 000. */
  idleMilliseconds?: number;
  /** The process's script. Default: the one that is shipped. */
  script?: string;
}

/** The composer's process, as requests and checked replies. */
export class ComposerTool {
  private readonly tool: ToolProcess;
  private readonly timeoutMilliseconds: number;

  constructor({ script, timeoutMilliseconds = 120_000, idleMilliseconds = 2_000 }: ComposerOptions) {
    this.timeoutMilliseconds = timeoutMilliseconds;
    this.tool = new ToolProcess({
      script: () => script ?? pluginFile("composer.js"),
      timeoutMilliseconds,
      idleMilliseconds,
      maxMemoryPages,
    });
  }

  /** An end of the process is a reply as well. @throws ArtifactError `cancelled`, `time-limit` */
  async ask(request: ComposerRequest, signal: AbortSignal | undefined): Promise<ComposerReply> {
    try {
      return composerReply.parse(await this.tool.ask(request, isFault, signal));
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      if (error.reason !== "time-limit") {
        return { error: "fault", message: `its process failed: ${error.message}` };
      }
      const seconds = this.timeoutMilliseconds / 1000;
      throw new ArtifactError("time-limit", `The modules could not be composed within ${seconds} seconds.`);
    }
  }

  async close(): Promise<void> {
    await this.tool.close();
  }
}

function isFault(reply: unknown): boolean {
  return typeof reply === "object" && reply !== null && "error" in reply && reply.error === "fault";
}
