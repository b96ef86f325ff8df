import type { Role } from '../../shared/events.ts';
import type { ServiceKind } from '../../shared/fleet.ts';

/** A service, with everything that was decided about how it runs on this machine. */
export interface PlannedService {
  /** As compose names it: "vllm-coder". */
  name: string;
  kind: ServiceKind;
  roles: readonly (Role | 'transcriber')[];
  /** Absent for what serves no model. */
  serves?:
    | {
        /** Id on the model hub. */
        model: string;
        /** Names under which it is asked for: the roles' names. The first is what a role's endpoint names. */
        names: readonly string[];
        /** Tokens. */
        window: number;
        /** Long option names of `vllm serve` and their values, without the model: what its --config file says. */
        options: Readonly<Record<string, unknown>>;
      }
    | undefined;
  /** On this machine, loopback only. */
  port: number;
  /** Numbers of the GPUs that it may use; empty for none. */
  gpus: readonly number[];
  /** Variables for its process. */
  env: Readonly<Record<string, string>>;
}

/** What the driver sees of one service. */
export interface Seen {
  name: string;
  /** What flagsOf said of it when it was started; absent where nobody knows: it was started by others, or is not there. */
  flags?: string;
  run:
    | { kind: 'absent' }
    /** There, and not started. */
    | { kind: 'created' }
    /** `health`: the container's own check; `none` where it has none, and it is asked over HTTP instead. `since`: ISO 8601. */
    | { kind: 'running'; health: 'starting' | 'healthy' | 'unhealthy' | 'none'; since: string; restarts: number }
    /**
     * `byUser`: we stopped it, or it went with the machine. `since`: when it had been started, where it had; it tells this end from an earlier one.
     * `why`: a sentence where more is known than the code, such as that memory ran out.
     */
    | { kind: 'ended'; code: number | null; byUser: boolean; since?: string; restarts: number; why?: string };
}

/** How far the fetching of one thing is. */
export interface FetchProgress {
  /** Name of the service that needs it. */
  service: string;
  /** "image vllm/vllm-openai:v0.33.0", "weights of Qwen/Qwen3.6-27B". */
  what: string;
  /** 0 to 100. */
  percent?: number;
}

/** The port to whatever runs the services: a container engine, or processes of this machine. Failures are DriverErrors. */
export interface FleetDriver {
  /**
   * Has a service started anew with what is planned; returns once it is started, not once it answers.
   * @param onProgress told while what it needs has to be fetched first
   */
  start(service: PlannedService, signal: AbortSignal, onProgress: (progress: FetchProgress) => void): Promise<void>;
  /** Ends services and all of their processes, in the middle of whatever they do. Waits until they are gone. */
  stop(names: readonly string[], signal: AbortSignal): Promise<void>;
  /** Ends everything of the fleet and leaves nothing but what was fetched. */
  down(signal: AbortSignal): Promise<void>;
  /** How the services are now. */
  look(signal: AbortSignal): Promise<Seen[]>;
  /**
   * Says each time that something may have changed; ends with the signal, or with a DriverError.
   * @param how `closely` (the default): at once; `seldom`: where changes have to be looked for, some seconds later will do
   */
  changes(signal: AbortSignal, how?: 'closely' | 'seldom'): AsyncIterable<void>;
  /** The last `lines` lines that a service has written and, with `follow`, all that come. */
  logs(name: string, options: { lines: number; follow: boolean }, signal: AbortSignal): AsyncIterable<string>;
  /** Fetches images and weights ahead. */
  fetch(
    services: readonly PlannedService[],
    onProgress: (progress: FetchProgress) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

/** What the engine, or the system, refused. */
export class DriverError extends Error {
  override readonly name = 'DriverError';
  /** A sentence: what to do. */
  readonly remedy: string;
  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.remedy = remedy;
  }
}
