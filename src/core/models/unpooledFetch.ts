export type Fetch = typeof globalThis.fetch;

/**
 * A fetch that opens a connection for every request and closes it afterwards: a server sees at once that nobody listens
 * any more, where a pool would keep the connection open. It waits without limit for headers and body; only connecting is limited.
 * @param connectTimeout milliseconds, kept to about half a second
 */
export function unpooledFetch(connectTimeout: number): Fetch {
  let unpooled: Promise<(input: unknown, init: object) => ReturnType<Fetch>> | undefined;
  return async (input, init) => {
    unpooled ??= loadUndici(connectTimeout);
    // A redirect would carry the prompt, and so the user's code, to a server that nobody configured.
    return (await unpooled)(input, { ...init, redirect: 'error' });
  };
}

/** Only once there is something to ask: it is the largest library we have, and an editor that starts does not need it. */
async function loadUndici(connectTimeout: number): Promise<(input: unknown, init: object) => ReturnType<Fetch>> {
  const { Agent, fetch } = await import('./undici.ts');
  const dispatcher = new Agent({
    headersTimeout: 0,
    bodyTimeout: 0,
    pipelining: 0,
    connect: { timeout: connectTimeout },
  });
  // undici's fetch is the one that Node has built in, so the types differ in name only.
  const ask = fetch as unknown as (input: unknown, init: object) => ReturnType<Fetch>;
  return (input, init) => ask(input, { ...init, dispatcher });
}
