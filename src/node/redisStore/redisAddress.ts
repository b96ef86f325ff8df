/** Where a Redis is, and as whom it is asked. */
export interface RedisAddress {
  host: string;
  port: number;
  isEncrypted: boolean;
  username?: string;
  password?: string;
  /** Number of the database; 0 in a cluster. */
  db: number;
  /** In front of every key, so that several users can share a server. */
  prefix: string;
}

export const DEFAULT_REDIS_PORT = 6379;

/**
 * `redis[s]://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE][?prefix=PREFIX]`
 * @returns a clause that says what is wrong with it, without its password, where it is none
 */
export function redisAddressFrom(url: string): RedisAddress | { wrong: string } {
  if (!/^rediss?:\/\//i.test(url) || !URL.canParse(url)) {
    return { wrong: 'expected redis[s]://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE][?prefix=PREFIX]' };
  }
  const { protocol, hostname, port, username, password, pathname, searchParams } = new URL(url);
  const database = pathname.replace(/^\//, '');
  if (!/^\d{0,9}$/.test(database))
    return { wrong: `expected the number of a database behind the host, not "${database}"` };
  const unknown = [...searchParams.keys()].find((name) => name !== 'prefix');
  if (unknown !== undefined) return { wrong: `"${unknown}" is not known; the only parameter is "prefix"` };
  const prefix = searchParams.get('prefix') ?? '';
  // What stands in the first braces of a key decides in which part of a cluster it is.
  if (/[{}]/.test(prefix)) return { wrong: 'a prefix may hold no braces' };
  return {
    host: hostname.replace(/^\[|\]$/g, '') || 'localhost',
    port: Number(port || DEFAULT_REDIS_PORT),
    isEncrypted: protocol === 'rediss:',
    ...(username === '' ? {} : { username: decoded(username) }),
    ...(password === '' ? {} : { password: decoded(password) }),
    db: Number(database || 0),
    prefix,
  };
}

/** For people: "localhost:6379, database 2"; never with user or password. */
export function addressInWords({ host, port, db }: RedisAddress): string {
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return db === 0 ? place : `${place}, database ${db}`;
}

/** A password that holds a "%" of its own is taken as it stands. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}
