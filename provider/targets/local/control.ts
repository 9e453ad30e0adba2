import type { JobResult, JobSpec, LocalOptions, Probe, ServerSpec, ServerState } from "./spec.ts";

export * from "./spec.ts";

/**
 * Starts the server of `spec.id`, or takes over the one that an interrupted run left behind, and returns once the new
 * version answers. Two calls at once with the same id end with one server. Fails with a LocalTargetError.
 */
export declare function start(spec: ServerSpec, options: LocalOptions): Promise<ServerState>;

/**
 * Puts the version of `spec` in the place of the one that runs, without a refused connection or a dropped request. When
 * the new version does not come up the old one keeps serving, and the error says why with the log's last lines. A server
 * that is dead is started again on its port.
 */
export declare function replace(
  state: ServerState,
  spec: ServerSpec,
  options: LocalOptions,
): Promise<ServerState>;

/** Says whether the server of `state` runs. Never fails for what the server does; limited to 5 seconds. */
export declare function probe(state: ServerState, options?: { signal?: AbortSignal }): Promise<Probe>;

/** Ends the server and removes all that belongs to it. A server that is gone already is no error. */
export declare function stop(state: ServerState, options: LocalOptions): Promise<void>;

/** Ends and removes what an interrupted run may have left behind under `id`; resolves when nothing remains. */
export declare function remove(id: string, options: LocalOptions): Promise<void>;

/** Runs the guest's `wasi:cli/run` once and waits for its end; the signal ends it. */
export declare function runJob(spec: JobSpec, options: LocalOptions): Promise<JobResult>;

/** Names this machine, the same from run to run; a container or a clone with its own machine id is another machine. */
export declare function machineId(): string;
