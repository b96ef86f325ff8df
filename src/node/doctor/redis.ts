import { StoreError } from '../../core/store/storeError.ts';
import { ConfigurationError } from '../configurationError.ts';
import { type StoreLocation, storeLocation } from '../dataFolder.ts';
import { mastersOf, openRedisConnection } from '../redisStore/redisConnection.ts';
import { troubleFrom } from '../redisStore/redisFailure.ts';
import type { Finding } from './finding.ts';

/** Milliseconds. */
const LIMIT = 3000;

/**
 * Whether the Redis that the environment names can keep runs, and keeps them well; no line where it names none. Its
 * password is never shown.
 */
export async function redisFindings(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Finding[]> {
  const location = redisIn(env);
  if (location === undefined) return [];
  const { address, setBy } = location;
  const connection = openRedisConnection(address, { patience: LIMIT });
  const { where } = connection;
  const close = (): void => connection.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    signal.throwIfAborted();
    const told = await connection.run('Looking at Redis', (client) =>
      Promise.all(mastersOf(client).map((node) => node.info())),
    );
    const version = new Set(told.map((about) => fieldOf(about, 'redis_version')));
    const cluster = told.length > 1 ? `, a cluster of ${told.length} masters,` : '';
    return [
      { what: 'Redis', state: 'good', found: `${[...version].join(' and ')}${cluster} answers at ${where}` },
      ...replicaFindings(told, where, setBy),
      ...evictionFindings(told),
      ...persistenceFindings(told),
    ];
  } catch (error) {
    signal.throwIfAborted();
    const trouble = error instanceof StoreError ? troubleFrom(error.cause, where) : undefined;
    if (trouble === undefined) throw error;
    return [{ what: 'Redis', state: 'missing', found: trouble.found, remedy: trouble.remedy }];
  } finally {
    signal.removeEventListener('abort', close);
    connection.close();
  }
}

/** What cannot be one is a finding about the store (folders.ts). */
function redisIn(env: NodeJS.ProcessEnv): Extract<StoreLocation, { kind: 'redis' }> | undefined {
  try {
    const location = storeLocation(env);
    return location.kind === 'redis' ? location : undefined;
  } catch (error) {
    if (error instanceof ConfigurationError) return undefined;
    throw error;
  }
}

function replicaFindings(told: readonly string[], where: string, setBy: string): Finding[] {
  const replica = told.find((about) => fieldOf(about, 'role') === 'slave');
  if (replica === undefined) return [];
  const master = `${fieldOf(replica, 'master_host')}:${fieldOf(replica, 'master_port')}`;
  const found = `${where} is a replica of ${master} and only reads`;
  return [{ what: 'Redis', state: 'missing', found, remedy: `Set ${setBy} to ${master}.` }];
}

function evictionFindings(told: readonly string[]): Finding[] {
  const evicting = told.find((about) => fieldOf(about, 'maxmemory_policy') !== 'noeviction');
  if (evicting === undefined) return [];
  const when = fieldOf(evicting, 'maxmemory') === '0' ? 'would drop runs if maxmemory were set' : 'may drop runs';
  return [
    {
      what: 'Redis memory',
      state: 'limited',
      found: `the server ${when}: its maxmemory-policy is ${fieldOf(evicting, 'maxmemory_policy')}`,
      remedy: 'Set "maxmemory-policy noeviction" in its configuration.',
    },
  ];
}

function persistenceFindings(told: readonly string[]): Finding[] {
  if (told.every((about) => fieldOf(about, 'aof_enabled') === '1')) return [];
  return [
    {
      what: 'Redis persistence',
      state: 'limited',
      found: 'appendonly is off: when the server is killed, the runs since its last snapshot are lost',
      remedy: 'Set "appendonly yes" in its configuration.',
    },
  ];
}

function fieldOf(about: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(about)?.[1];
}
