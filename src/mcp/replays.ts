import { randomUUID } from 'node:crypto';
import type { EventStore } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';

/** What is kept of a session for clients whose connection broke: so many messages, and so many characters of them. */
const MOST_MESSAGES = 500;
const MOST_CHARS = 4 * 1024 * 1024;

interface Kept {
  id: string;
  stream: string;
  json: string;
}

/**
 * The last messages of one session, so that a client whose stream broke gets what it missed. What is older than the bounds
 * is forgotten: who asks for more gets an error, and begins a new stream.
 */
export function openReplays(): EventStore {
  const kept: Kept[] = [];
  let chars = 0;
  return {
    async storeEvent(stream, message) {
      const id = randomUUID();
      const json = JSON.stringify(message);
      kept.push({ id, stream, json });
      chars += json.length;
      while (kept.length > MOST_MESSAGES || (chars > MOST_CHARS && kept.length > 1)) {
        chars -= kept.shift()?.json.length ?? 0;
      }
      return id;
    },
    async getStreamIdForEventId(id) {
      return kept.find((one) => one.id === id)?.stream;
    },
    async replayEventsAfter(id, { send }) {
      const at = kept.findIndex((one) => one.id === id);
      const stream = kept[at]?.stream;
      if (stream === undefined) throw new Error('This event is not known any more.');
      for (const one of kept.slice(at + 1)) {
        // A priming event has no message.
        if (one.stream === stream && one.json !== '{}') await send(one.id, JSON.parse(one.json) as JSONRPCMessage);
      }
      return stream;
    },
  };
}
