import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { execa } from 'execa';

/** A registry of images on the loopback, where an engine needs no certificate. It has one image, of one layer. */
export interface Registry {
  /** Name and tag of the image that it has: "127.0.0.1:4711/org/model:v1". Its layer, of 4 MB, comes in pieces. */
  image: string;
  /** One that it does not have, and one that it gives out to nobody. */
  missing: string;
  denied: string;
  close(): Promise<void>;
}

const LAYER = 4_000_000;
/** Bytes of a piece of a layer, and milliseconds between two. */
const PIECE = 400_000;
const BETWEEN = 150;

export async function startRegistry(): Promise<Registry> {
  const { manifest, blobs } = await makeImage();
  const server = createServer((request, response) => {
    const [, name, kind, reference = ''] = /^\/v2\/(.+)\/(manifests|blobs)\/(.+)$/.exec(request.url ?? '') ?? [];
    if (name === undefined) return void response.writeHead(200).end('{}');
    if (name === 'org/denied') return refuse(response, 403, 'DENIED', 'requested access to the resource is denied');
    if (name !== 'org/model') return refuse(response, 404, 'MANIFEST_UNKNOWN', 'manifest unknown');
    const body = kind === 'manifests' ? manifest : blobs.get(reference);
    if (body === undefined) return refuse(response, 404, 'BLOB_UNKNOWN', 'blob unknown');
    response.writeHead(200, {
      'content-type': kind === 'manifests' ? MANIFEST : 'application/octet-stream',
      'content-length': body.length,
      'docker-content-digest': digestOf(body),
    });
    if (request.method === 'HEAD') response.end();
    else void sendSlowly(response, body);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => {
    server.once('listening', resolve);
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    image: `${host}/org/model:v1`,
    missing: `${host}/org/missing:v1`,
    denied: `${host}/org/denied:v1`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';

async function makeImage(): Promise<{ manifest: Buffer; blobs: Map<string, Buffer> }> {
  const dir = mkdtempSync(join(tmpdir(), 'conclave-layer-'));
  try {
    // What does not get smaller.
    writeFileSync(join(dir, 'weights'), randomBytes(LAYER));
    const { stdout } = await execa('tar', ['c', '-C', dir, '.'], { encoding: 'buffer' });
    const tar = Buffer.from(stdout);
    const layer = gzipSync(tar, { level: 1 });
    const rootfs = { type: 'layers', diff_ids: [digestOf(tar)] };
    const config = Buffer.from(JSON.stringify({ architecture: ARCHITECTURE, os: 'linux', config: {}, rootfs }));
    const part = (blob: Buffer, mediaType: string) => ({ mediaType, size: blob.length, digest: digestOf(blob) });
    const manifest = {
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: part(config, 'application/vnd.docker.container.image.v1+json'),
      layers: [part(layer, 'application/vnd.docker.image.rootfs.diff.tar.gzip')],
    };
    const blobs = new Map([config, layer].map((blob) => [digestOf(blob), blob]));
    return { manifest: Buffer.from(JSON.stringify(manifest)), blobs };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const ARCHITECTURE = process.arch === 'x64' ? 'amd64' : process.arch;

function digestOf(blob: Buffer): string {
  return `sha256:${createHash('sha256').update(blob).digest('hex')}`;
}

async function sendSlowly(response: ServerResponse, body: Buffer): Promise<void> {
  for (let at = 0; at < body.length && !response.destroyed; at += PIECE) {
    response.write(body.subarray(at, at + PIECE));
    if (at + PIECE < body.length) await sleep(BETWEEN);
  }
  response.end();
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(JSON.stringify({ errors: [{ code, message }] }));
}
