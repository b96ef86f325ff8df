/**
 * The Lua scripts in redis/, one an atomic change, and what their answers mean: {0, …} is done, a negative number the
 * reason why nothing was changed.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RedisConnection } from './redisConnection.ts';
import { refusalIn, wrongType } from './redisFailure.ts';

/** Of each script how many keys it takes, as its file's name says. */
const KEYS_OF = {
  acquireLease: 1,
  renewLease: 1,
  releaseLease: 1,
  readHolder: 1,
  appendEvents: 4,
  deleteRun: 4,
  dropLease: 2,
  rememberEntries: 1,
  listPlan: 1,
} as const;
export type ScriptName = keyof typeof KEYS_OF;

export type ScriptAnswer =
  | { kind: 'done'; values: (string | number)[] }
  /** The lease is not the newest. */
  | { kind: 'fenced' }
  /** The stream has an event that is no older; `seq` is its. */
  | { kind: 'outOfOrder'; seq: number }
  /** The stream ends at `seq`, before what it is known to have had. */
  | { kind: 'lost'; seq: number }
  | { kind: 'unknownRun' }
  | { kind: 'held'; holder: string };

export interface Scripts {
  /**
   * Runs a script; a connection that is lost meanwhile is made anew, and the script is run again with the same arguments.
   * @param what for the error, as the start of a sentence: "Writing events"
   * @throws StoreError
   */
  run(
    name: ScriptName,
    what: string,
    keys: readonly string[],
    args?: readonly (string | number)[],
  ): Promise<ScriptAnswer>;
}

/** @param folder absolute, with the .lua files */
export function openScripts(folder: string, connection: RedisConnection): Scripts {
  const texts = new Map<ScriptName, Promise<Script>>();
  const read = (name: ScriptName): Promise<Script> => {
    const known = texts.get(name) ?? readScript(join(folder, `${name}-${KEYS_OF[name]}.lua`));
    texts.set(name, known);
    return known;
  };
  return {
    async run(name, what, keys, args = []) {
      const { text, hash } = await read(name);
      const given = [keys.length, ...keys, ...args] as const;
      const reply = await connection.run(what, async (client) => {
        try {
          return await client.evalsha(hash, ...given);
        } catch (error) {
          // A server forgets its scripts when it is started anew.
          if (refusalIn(error) !== 'NOSCRIPT') throw error;
          return await client.eval(text, ...given);
        }
      });
      const [code, ...values] = (Array.isArray(reply) ? reply : []) as (string | number)[];
      const [first, second] = values;
      switch (code) {
        case 0:
          return { kind: 'done', values };
        case -1:
          throw wrongType(what, connection.where, String(first), String(second));
        case -2:
          return { kind: 'fenced' };
        case -3:
          return { kind: 'outOfOrder', seq: seqOf(String(first)) };
        case -4:
          return { kind: 'unknownRun' };
        case -5:
          return { kind: 'held', holder: String(first) };
        case -6:
          return { kind: 'lost', seq: Number(first) };
        default:
          throw new Error(`The script ${name} gave an answer that it should not: ${JSON.stringify(reply)}`);
      }
    },
  };
}

/** The seq that the id of a stream's entry stands for. */
export function seqOf(id: string): number {
  return Number(id.split('-')[0]);
}

interface Script {
  text: string;
  /** SHA-1 (hex), by which servers know it. */
  hash: string;
}

async function readScript(file: string): Promise<Script> {
  const text = await readFile(file, 'utf8');
  return { text, hash: createHash('sha1').update(text).digest('hex') };
}
