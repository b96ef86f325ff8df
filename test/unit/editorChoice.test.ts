import assert from 'node:assert/strict';
import { chooseEditor, commandOnPath, editorArguments } from '../../demo/editorChoice.ts';

describe('npm start -- --editor', () => {
  const having =
    (...commands: string[]) =>
    (command: string): string | undefined =>
      commands.includes(command) ? `/usr/bin/${command}` : undefined;

  it('takes the first editor of the user that is on PATH', () => {
    assert.deepEqual(chooseEditor(undefined, having('cursor', 'codium')), {
      kind: 'own',
      name: 'codium',
      program: '/usr/bin/codium',
    });
  });

  it('takes the one in a browser where there is none, and where it is asked for', () => {
    assert.equal(chooseEditor(undefined, having()).kind, 'browser');
    assert.equal(chooseEditor('browser', having('code')).kind, 'browser');
  });

  it('takes the one that is named, and says what is missing where it is not there', () => {
    assert.deepEqual(chooseEditor('cursor', having('code', 'cursor')), {
      kind: 'own',
      name: 'cursor',
      program: '/usr/bin/cursor',
    });
    const missing = chooseEditor('cursor', having('code'));
    assert.match(missing.kind === 'none' ? missing.message : '', /no command "cursor" on PATH/);
    const unknown = chooseEditor('emacs', having('emacs'));
    assert.match(unknown.kind === 'none' ? unknown.message : '', /code, windsurf, .* or browser, not "emacs"/);
  });

  it('installs the .vsix first, then opens the folder, with whatever is in their names', () => {
    assert.deepEqual(editorArguments('/tmp/a b/conclave.vsix', '/tmp/$(x)/orders'), {
      install: ['--install-extension', '/tmp/a b/conclave.vsix', '--force'],
      open: ['--new-window', '/tmp/$(x)/orders'],
    });
  });

  it('looks for a command as the system does', () => {
    const files = new Set(['/opt/bin/code', 'C:\\Code\\bin\\code.cmd']);
    const isFile = (path: string): boolean => files.has(path);
    assert.equal(commandOnPath('code', { PATH: '/usr/bin::/opt/bin' }, 'linux', isFile), '/opt/bin/code');
    const windows = { Path: 'C:\\Windows;C:\\Code\\bin', PATHEXT: '.EXE;.CMD' };
    assert.equal(commandOnPath('code', windows, 'win32', isFile), 'C:\\Code\\bin\\code.cmd');
    assert.equal(commandOnPath('code', { PATH: '/usr/bin' }, 'linux', isFile), undefined);
  });
});
