/** How a request to a model server failed. One kind a case, each with what a caller needs to act on it. */
export type ModelFailure =
  /** Nobody answers there, or the connection broke before the answer began. */
  | { kind: 'unreachable' }
  /** Something answers, but it is no OpenAI-compatible server, or it does not know the model. */
  | { kind: 'wrongServer' }
  | { kind: 'unauthorised' }
  /** 503 or 429: try again later. `retryAfter` in milliseconds where the server said so. */
  | { kind: 'overloaded'; retryAfter?: number }
  /** The prompt does not fit. `window` in tokens, where the server told it. */
  | { kind: 'contextExceeded'; window?: number }
  /**
   * The server refuses the request for another reason. `template`: the chat template does; `about`: where its words tell
   * what it will not take.
   */
  | { kind: 'badRequest'; template?: true; about?: 'tools' | 'schema' }
  /** The answer began and then broke off, or the server failed while it worked on the request. */
  | { kind: 'lost' }
  /** The server sent something that is no chat completion. */
  | { kind: 'malformed' }
  /** An answer in JSON ran away in white space and was stopped. */
  | { kind: 'whitespaceLoop' }
  /** An answer said the same over and over and was stopped. */
  | { kind: 'repetitionLoop' }
  /** No byte for too long; `waited` in milliseconds. */
  | { kind: 'timedOut'; waited: number };

export class ModelError extends Error {
  override readonly name = 'ModelError';
  readonly failure: ModelFailure;
  readonly url: string;
  /** What the server did, without its name and without a remedy: a clause such as "refuses the request (HTTP 400: …)". */
  readonly words: string;

  /** @param message what happened, with the server's own words where there are some */
  constructor(failure: ModelFailure, url: string, message: string, options?: { cause?: unknown; words?: string }) {
    super(message, options);
    this.failure = failure;
    this.url = url;
    this.words = options?.words ?? message;
  }
}
