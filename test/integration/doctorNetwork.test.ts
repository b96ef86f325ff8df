import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { clockFindings } from '../../src/node/doctor/clock.ts';

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
});
