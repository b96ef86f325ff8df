/** How keeping a run's events failed. */
export type StoreFailure =
  /** The disk is full or its quota is used up. */
  | 'full'
  /** Somebody else took the run over: a higher lease epoch exists. */
  | 'fenced'
  | 'unreachable'
  | 'unknownRun'
  | 'corrupt';

export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly failure: StoreFailure;
  /** What the user can do about it. */
  readonly remedy: string;

  constructor(failure: StoreFailure, message: string, remedy: string, options?: { cause?: unknown }) {
    super(message, options);
    this.failure = failure;
    this.remedy = remedy;
  }
}
