import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BEGUN_ANEW, LEAN_MALLOC } from '../../src/node/leanMalloc.ts';

describe('a server that gets by with little memory', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'conclave-lean-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  /** What a program prints, as JSON, in a process of its own. */
  function printed(program: string, env: Record<string, string> = {}): Record<string, unknown> {
    const file = join(dir, 'program.mts');
    const from = (name: string) => JSON.stringify(pathToFileURL(resolve('src/node', name)).href);
    writeFileSync(
      file,
      `import { easeHeap, leanHeap } from ${from('leanHeap.ts')};
       import { leanMalloc } from ${from('leanMalloc.ts')};
       ${program}`,
    );
    const args = ['--import', pathToFileURL(resolve('node_modules/tsx/dist/loader.mjs')).href, file];
    return JSON.parse(
      execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000, env: { ...process.env, ...env } }),
    );
  }

  it('has the settings of malloc from its start, and does not hand them on', function () {
    if (process.platform !== 'linux') this.skip();
    const program = `
      import { readFileSync } from 'node:fs';
      leanMalloc();
      const atStart = readFileSync('/proc/self/environ', 'utf8').split('\\0');
      const names = ${JSON.stringify(Object.keys({ ...LEAN_MALLOC, [BEGUN_ANEW]: '' }))};
      console.log(JSON.stringify({
        atStart: atStart.filter((one) => names.includes(one.split('=')[0])),
        handedOn: names.filter((name) => process.env[name] !== undefined),
      }));`;
    const all = Object.entries({ ...LEAN_MALLOC, [BEGUN_ANEW]: '1' }).map(([name, value]) => `${name}=${value}`);
    const given = printed(program, { ...LEAN_MALLOC, [BEGUN_ANEW]: '1' });
    assert.deepEqual((given.atStart as string[]).sort(), all.sort());
    assert.deepEqual(given.handedOn, []);
    // A Node that can begin anew does so.
    const alone = printed(program);
    assert.deepEqual((alone.atStart as string[]).sort(), 'execve' in process ? all : []);
    assert.deepEqual(alone.handedOn, []);
    // What the user has set is the user's.
    const own = printed(program, { MALLOC_ARENA_MAX: '2' });
    assert.deepEqual(own, { atStart: ['MALLOC_ARENA_MAX=2'], handedOn: ['MALLOC_ARENA_MAX'] });
    // Where the C library takes its settings out again, it is not begun anew for ever.
    assert.deepEqual(printed(program, { [BEGUN_ANEW]: '1' }), { atStart: [`${BEGUN_ANEW}=1`], handedOn: [] });
  });

  it('ends though a worker has ended before it was there', () => {
    const { code } = printed(`
      import { Worker } from 'node:worker_threads';
      leanHeap();
      const worker = new Worker('', { eval: true });
      worker.once('exit', (code) => console.log(JSON.stringify({ code })));
      void worker.terminate();`);
    assert.equal(typeof code, 'number');
  });

  it('keeps no parser that has nothing to do, until there is no need to', () => {
    const parser = JSON.stringify(pathToFileURL(resolve('src/node/codeFacts/parser.ts')).href);
    const { lean, eased } = printed(`
      import { openParser } from ${parser};
      const parser = openParser(${JSON.stringify(resolve('.'))});
      /** How many are left after a while in which one that is kept would not end. */
      const left = async (text) => {
        await parser.parse([{ grammar: 'go', text }], new AbortController().signal);
        for (let at = 0; at < 50 && parser.workers() > 0; at += 1) await new Promise((go) => setTimeout(go, 50));
        return parser.workers();
      };
      leanHeap();
      const lean = await left('package a');
      easeHeap();
      console.log(JSON.stringify({ lean, eased: await left('package b') }));`);
    assert.deepEqual({ lean, eased }, { lean: 0, eased: 1 });
  }).timeout(30_000);

  it('keeps little room for new objects, also when a worker has begun, until there is no need to', () => {
    const { lean, eased } = printed(`
      import { once } from 'node:events';
      import { setImmediate } from 'node:timers/promises';
      import { getHeapSpaceStatistics } from 'node:v8';
      import { Worker } from 'node:worker_threads';
      const megabytes = () => {
        const kept = [];
        for (let at = 0; at < 500_000; at += 1) kept.push({ at, more: [at] });
        return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size / 2 ** 20;
      };
      leanHeap();
      await setImmediate();
      const worker = new Worker('', { eval: true });
      await once(worker, 'online');
      const lean = megabytes();
      easeHeap();
      console.log(JSON.stringify({ lean, eased: megabytes() }));`);
    assert.ok(Number(lean) <= 8, `${lean} MB`);
    assert.ok(Number(eased) > 8, `${eased} MB`);
  });
});
