import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isLoopback } from '../node/loopback.ts';

/** Why a request is not served. */
export interface Refusal {
  status: 401 | 403;
  message: string;
}

/**
 * Judges a request by its headers, before anything else of it is read. A page in the user's browser can send requests to
 * this machine, and with a name of its own that leads here (DNS rebinding) also read the answers: so both the name that was
 * asked for and the page that asks must be of this machine.
 * @param host the address that is listened on; one that names no single interface allows nothing more
 */
export function refusalOfSource({ headers }: Pick<IncomingMessage, 'headers'>, host: string): Refusal | undefined {
  if (!isOurs(`http://${headers.host ?? ''}`, host)) {
    return { status: 403, message: 'The Host header must name this machine: 127.0.0.1, [::1] or localhost.' };
  }
  if (headers.origin !== undefined && !isOurs(headers.origin, host)) {
    return { status: 403, message: 'Pages of other origins may not use this server: Origin must be of this machine.' };
  }
  return undefined;
}

/** @param token what the request must bear; undefined: nobody is asked */
export function refusalOfBearer(
  { headers }: Pick<IncomingMessage, 'headers'>,
  token: string | undefined,
): Refusal | undefined {
  if (token === undefined) return undefined;
  const given = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  if (given !== undefined && isSame(given, token)) return undefined;
  return {
    status: 401,
    message:
      given === undefined
        ? 'This needs the header "Authorization: Bearer TOKEN"; the server has printed where its token is.'
        : 'This token is not the one of this server; the server has printed where its token is.',
  };
}

function isOurs(url: string, host: string): boolean {
  // Only a host and a port: what else a URL can have has no place in these headers.
  if (!/^https?:\/\/[\w.[\]:-]+$/i.test(url)) return false;
  if (!URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  return isLoopback(hostname) || hostname.replace(/^\[(.*)\]$/, '$1') === host.toLowerCase();
}

/** In a time that says nothing about where they differ. */
function isSame(given: string, token: string): boolean {
  const [one, other] = [given, token].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer];
  return timingSafeEqual(one, other);
}
