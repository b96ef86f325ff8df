/**
 * A run's journal: numbers what happens, shows it at once, and writes it down in the background.
 * `step` makes the workflow resumable: work with a recorded outcome is never done again.
 */
import type { EventBody, RunEvent } from '../../shared/events.ts';
import type { EventLog, Lease } from '../ports.ts';
import { deltaBuffers, isDelta } from './deltaBuffers.ts';
import { StoreError } from './storeError.ts';

/** A source of deltas is written down when it has gathered this much (UTF-16 units) or waited this long (ms). */
const DELTA_LENGTH = 4096;
const DELTA_WAIT = 250;

export interface Journal {
  readonly runId: string;
  /** Of the last event, whether it is durable yet or not. */
  readonly lastSeq: number;
  /**
   * Numbers an event, shows it and queues it for the log, all before it returns; never waits for the disk. Where the run
   * was taken over, it goes on elsewhere, and what is told here is neither kept nor shown.
   * The body is not to be changed afterwards. Throws (a programming error) once the journal is closed.
   */
  emit(body: EventBody): void;
  /**
   * Returns the recorded outcome of the step, or does the work and records its outcome.
   * Resolves when the outcome and everything before it is durable. Calls with the same key share the work in flight;
   * work that fails records nothing and may be tried again.
   * @param key unique within the run and the same when the run is resumed
   * @throws StoreError where the log has failed, also before the work is begun
   */
  step<T extends EventBody>(key: string, work: () => Promise<T>): Promise<T>;
  /** The outcome of a step that is already recorded. */
  recordedStep(key: string): RunEvent | undefined;
  /** The outcomes of all recorded steps, in the order in which they were recorded. */
  outcomes(): RunEvent[];
  /** Resolves when everything so far is durable; rejects with the StoreError where the log has failed. */
  flush(): Promise<void>;
  /** Writes what is left and ends the journal. Never rejects: a failure of the log was told to `onFailure`. */
  close(): Promise<void>;
}

export interface JournalOptions {
  runId: string;
  log: EventLog;
  /** As it was granted last. */
  lease: () => Lease;
  /** Resolves when a new step may begin; a rejection is the step's. */
  mayBegin: () => Promise<void>;
  /** The run's events so far, read under this lease; empty for a new run. */
  recorded: readonly RunEvent[];
  now: () => Date;
  /** Called for every event as it happens, before it is persisted. */
  onEvent: (event: RunEvent) => void;
  /** Called once, when the log first fails: nothing is persisted from then on. */
  onFailure: (error: StoreError) => void;
}

interface Waiter {
  resolve: () => void;
  reject: (error: StoreError) => void;
}

/** The first event emitted into a resumed run is to be `run.resumed`: the log's cut is made by its seq. */
export function openJournal(options: JournalOptions): Journal {
  const { runId, log, lease, mayBegin, now, onEvent, onFailure } = options;
  const outcomes = new Map<string, RunEvent>();
  for (const event of options.recorded) if (event.step !== undefined) outcomes.set(event.step, event);
  const inFlight = new Map<string, Promise<RunEvent>>();
  const deltas = deltaBuffers();

  let seq = options.recorded.at(-1)?.seq ?? 0;
  let deltaTimer: NodeJS.Timeout | undefined;
  /** Events that the log was not given yet, and who waits until all of them are durable. */
  let queue: RunEvent[] = [];
  let waiters: Waiter[] = [];
  let isDurable = true;
  let isWriting = false;
  let failure: StoreError | undefined;
  let closed = false;

  function record(body: EventBody, step?: string): RunEvent {
    if (closed) throw new Error(`The journal of run ${runId} is closed; it cannot take ${body.type} any more.`);
    seq += 1;
    const stamp = { runId, seq, at: now().toISOString() };
    const event: RunEvent = step === undefined ? { ...body, ...stamp } : { ...body, ...stamp, step };
    if (failure === undefined) persistLater(event);
    if (failure?.failure !== 'fenced') onEvent(event);
    return event;
  }

  function persistLater(event: RunEvent): void {
    if (isDelta(event) && event.step === undefined) {
      if (deltas.add(event) >= DELTA_LENGTH) queueDeltas();
      else deltaTimer ??= setTimeout(queueDeltas, DELTA_WAIT).unref();
      return;
    }
    queueDeltas();
    queue.push(event);
    startWriting();
  }

  function queueDeltas(): void {
    clearTimeout(deltaTimer);
    deltaTimer = undefined;
    const events = deltas.takeAll();
    if (events.length === 0) return;
    queue.push(...events);
    startWriting();
  }

  function startWriting(): void {
    isDurable = false;
    if (isWriting) return;
    isWriting = true;
    // Begun in a microtask: whoever emits does not even wait for the serialising.
    queueMicrotask(writeQueue);
  }

  /** What is queued while one append runs goes together in the next: one fsync for all the steps among it. */
  async function writeQueue(): Promise<void> {
    while (failure === undefined && (queue.length > 0 || waiters.length > 0)) {
      const batch = queue;
      const waiting = waiters;
      queue = [];
      waiters = [];
      try {
        await log.append(lease(), batch, waiting.length > 0);
      } catch (error) {
        fail(storeErrorFrom(error), waiting);
        break;
      }
      if (waiting.length > 0 && queue.length === 0) isDurable = true;
      for (const waiter of waiting) waiter.resolve();
    }
    isWriting = false;
  }

  function fail(error: StoreError, waiting: readonly Waiter[]): void {
    failure = error;
    const all = [...waiting, ...waiters];
    queue = [];
    waiters = [];
    clearTimeout(deltaTimer);
    deltas.takeAll();
    for (const waiter of all) waiter.reject(error);
    onFailure(error);
  }

  async function flush(): Promise<void> {
    if (failure !== undefined) throw failure;
    queueDeltas();
    if (isDurable) return;
    await new Promise<void>((resolve, reject) => {
      waiters.push({ resolve, reject });
      startWriting();
    });
  }

  async function recordStep(key: string, work: () => Promise<EventBody>): Promise<RunEvent> {
    await mayBegin();
    if (failure !== undefined) throw failure;
    const event = record(await work(), key);
    await flush();
    outcomes.set(key, event);
    return event;
  }

  /** The outcome as its caller knows it: a key always names the same kind of work. */
  async function step<T extends EventBody>(key: string, work: () => Promise<T>): Promise<T> {
    if (failure !== undefined) throw failure;
    const outcome = outcomes.get(key);
    if (outcome !== undefined) return outcome as unknown as T;
    const running = inFlight.get(key);
    if (running !== undefined) return (await running) as unknown as T;
    const promise = recordStep(key, work).finally(() => inFlight.delete(key));
    inFlight.set(key, promise);
    return (await promise) as unknown as T;
  }

  return {
    runId,
    get lastSeq() {
      return seq;
    },
    emit: (body) => void record(body),
    step,
    recordedStep: (key) => outcomes.get(key),
    outcomes: () => [...outcomes.values()],
    flush,
    async close() {
      if (closed) return;
      closed = true;
      // `onFailure` was told of it, and closing must not hide what the run itself failed of.
      await flush().catch(() => undefined);
    },
  };
}

function storeErrorFrom(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  return new StoreError(
    'unreachable',
    `Writing down the run's events failed: ${error instanceof Error ? error.message : String(error)}`,
    'This is a fault of Conclave itself. Please report it with this message; the run can be resumed.',
    { cause: error },
  );
}
