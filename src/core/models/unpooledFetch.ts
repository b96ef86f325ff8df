import { Agent, fetch } from 'undici';

export type Fetch = typeof globalThis.fetch;

/**
 * A fetch that opens a connection for every request and closes it afterwards: a server sees at once that nobody listens
 * any more, where a pool would keep the connection open. It waits without limit for headers and body; only connecting is limited.
 * @param connectTimeout milliseconds, kept to about half a second
 */
export function unpooledFetch(connectTimeout: number): Fetch {
  const dispatcher = new Agent({
    headersTimeout: 0,
    bodyTimeout: 0,
    pipelining: 0,
    connect: { timeout: connectTimeout },
  });
  // undici's fetch is the one that Node has built in, so the types differ in name only.
  const unpooled = fetch as unknown as (input: unknown, init: object) => ReturnType<Fetch>;
  // A redirect would carry the prompt, and so the user's code, to a server that nobody configured.
  return (input, init) => unpooled(input, { ...init, dispatcher, redirect: 'error' });
}
