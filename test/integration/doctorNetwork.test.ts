import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { clockFindings } from '../../src/node/doctor/clock.ts';
import { redisFindings } from '../../src/node/doctor/redis.ts';

const never = new AbortController().signal;

describe('the doctor about what it reaches', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  async function portOf(server: Server): Promise<number> {
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  describe('clocks', () => {
    /** A server whose clock is so many seconds ahead. */
    async function serverAhead(seconds: number | undefined): Promise<string> {
      const server = createHttpServer((_request, response) => {
        response.sendDate = false;
        if (seconds !== undefined) response.setHeader('Date', new Date(Date.now() + seconds * 1000).toUTCString());
        response.writeHead(401).end('{"error":"Unauthorized"}');
      });
      return `http://127.0.0.1:${await portOf(server)}/v1`;
    }

    it('says nothing where they agree, or tell nothing', async () => {
      const urls = [await serverAhead(0), await serverAhead(20), await serverAhead(undefined), 'http://127.0.0.1:9/v1'];
      assert.deepEqual(await clockFindings(urls, () => new Date(), never), []);
    });

    it('says which is off, by how much and in which direction', async () => {
      const [ahead, behind] = [await serverAhead(90), await serverAhead(-3 * 3600)];
      const [finding] = await clockFindings([ahead, behind, await serverAhead(0)], () => new Date(), never);
      assert.equal(finding?.state, 'limited');
      const origin = (url: string): string => new URL(url).origin.replaceAll('.', '\\.');
      assert.match(
        finding?.found ?? '',
        new RegExp(`${origin(ahead)} is (89|90) s ahead; that of ${origin(behind)} is 3 h behind$`),
      );
    });
  });

  describe('Redis', () => {
    async function serverSaying(words: string): Promise<string> {
      return String(await portOf(createServer((socket) => void socket.once('data', () => socket.end(words)))));
    }

    it('answers, also where it wants a password, which is not shown', async () => {
      const port = await serverSaying('-NOAUTH Authentication required.\r\n');
      const findings = await redisFindings({ CONCLAVE_STORE: `redis://:s3cret@127.0.0.1:${port}/1` }, never);
      assert.deepEqual(findings, [{ what: 'Redis', state: 'good', found: `answers at 127.0.0.1:${port}` }]);
      const plain = await serverSaying('+PONG\r\n');
      assert.equal((await redisFindings({ REDIS_HOST: '127.0.0.1', REDIS_PORT: plain }, never))[0]?.state, 'good');
    });

    it('is missed where nobody or somebody else answers', async () => {
      const [silent] = await redisFindings({ REDIS_HOST: '127.0.0.1', REDIS_PORT: '9' }, never);
      assert.equal(silent?.state, 'missing');
      assert.match(silent?.found ?? '', /nothing answers at 127\.0\.0\.1:9 \(ECONNREFUSED\)/);
      assert.match(silent?.remedy ?? '', /REDIS_HOST and REDIS_PORT/);
      const port = await serverSaying('HTTP/1.1 400 Bad Request\r\n\r\n');
      const [other] = await redisFindings({ REDIS_HOST: '127.0.0.1', REDIS_PORT: port }, never);
      assert.match(other?.found ?? '', /does not answer as Redis does/);
    });

    it('is not spoken of where it is not asked for', async () => {
      assert.deepEqual(await redisFindings({}, never), []);
      assert.deepEqual(await redisFindings({ CONCLAVE_STORE: '/srv/runs' }, never), []);
    });
  });
});
