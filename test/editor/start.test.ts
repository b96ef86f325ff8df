import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { needEditor } from './installation.ts';

/** `npm start -- --editor`, but for the build before it and the user's browser. */
describe('the sample project in the editor that a browser shows', function () {
  this.timeout(300_000);

  it('comes up at the address that is printed, and is gone after Ctrl-C', async function () {
    await needEditor(this, 'current');
    const child = spawn(process.execPath, ['demo/start.mjs', '--editor', 'browser'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      let address = '';
      for await (const line of createInterface({ input: child.stdout })) {
        address = /^Open (http:\S+)$/.exec(line)?.[1] ?? '';
        if (address !== '') break;
      }
      assert.match(decodeURIComponent(address), /^http:\/\/127\.0\.0\.1:\d+\/\?folder=.*orders-service$/);
      assert.match(await (await fetch(address)).text(), /workbench/);

      const exited = once(child, 'exit');
      child.kill('SIGINT');
      assert.deepEqual(await exited, [0, null]);
      await assert.rejects(fetch(address), 'nobody listens there any more');
    } finally {
      child.kill('SIGTERM');
    }
  });
});
