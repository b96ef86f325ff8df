import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';
import { execa } from 'execa';
import type { Engine } from './startEngine.ts';

/**
 * Gives an engine images under real names that hold a stand-in (see standIn/): the tests' own Node, busybox, and as much of
 * `curl`, `redis-cli` and `python3` as health checks and fetching use, so that these run as they are written.
 * STAND_IN_PORT names the port, since all containers have the host's network.
 */
export async function importStandIns(engine: Engine, names: readonly string[]): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'conclave-stand-in-'));
  try {
    await fill(root, engine.busybox);
    const [first, ...others] = names;
    if (first === undefined) return;
    const changes = ['ENTRYPOINT ["/usr/bin/node","/app/main.cjs"]', 'ENV PATH=/usr/local/bin:/usr/bin:/bin'];
    const tar = execa('tar', ['c', '-C', root, '.'], { encoding: 'buffer', buffer: false });
    const argv = ['import', ...changes.flatMap((change) => ['-c', change]), '-', first];
    await tar.pipe(execa(engine.docker, argv, { env: engine.env }));
    for (const name of others) await engine.run('tag', first, name);
  } finally {
    rmSync(root, { recursive: true });
  }
}

async function fill(root: string, busybox: string): Promise<void> {
  const at = (path: string): string => join(root, path);
  for (const dir of ['app', 'bin', 'usr/bin', 'usr/local/bin', 'tmp', 'etc', 'root'])
    mkdirSync(at(dir), { recursive: true });
  await build({
    entryPoints: [join(import.meta.dirname, 'standIn', 'main.ts')],
    outfile: at('app/main.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
  });
  copyFileSync(busybox, at('bin/busybox'));
  for (const name of ['sh', 'sleep', 'cat']) symlinkSync('busybox', at(`bin/${name}`));
  for (const name of ['curl', 'redis-cli', 'python3']) {
    script(at(`usr/local/bin/${name}`), `#!/bin/sh\nexec /usr/bin/node /app/main.cjs ${name} "$@"\n`);
  }
  writeFileSync(at('etc/hosts'), '127.0.0.1 localhost\n');
  copyFileSync(process.execPath, at('usr/bin/node'));
  const { stdout } = await execa('ldd', [process.execPath]);
  for (const [, library = ''] of stdout.matchAll(/(\/\S+)/g)) {
    mkdirSync(at(dirname(library)), { recursive: true });
    copyFileSync(library, join(at(dirname(library)), basename(library)));
  }
}

function script(file: string, text: string): void {
  writeFileSync(file, text);
  chmodSync(file, 0o755);
}
