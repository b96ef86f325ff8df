import assert from 'node:assert/strict';
import * as vscode from 'vscode';

const extension = vscode.extensions.getExtension('conclave.conclave');

describe('the extension', () => {
  it('is there and activates', async () => {
    assert.ok(extension, 'conclave.conclave is not installed');
    await extension.activate();
    assert.equal(extension.isActive, true);
  });

  it('registers every command that its manifest declares', async () => {
    const declared: { command: string }[] = extension?.packageJSON.contributes.commands;
    const registered = new Set(await vscode.commands.getCommands(true));
    assert.ok(declared.length > 0);
    assert.deepEqual(
      declared.map(({ command }) => command).filter((command) => !registered.has(command)),
      [],
    );
  });

  it('registers no command under its name that the manifest does not declare', async () => {
    const declared: { command: string }[] = extension?.packageJSON.contributes.commands;
    const names = new Set(declared.map(({ command }) => command));
    const registered = await vscode.commands.getCommands(true);
    assert.deepEqual(
      registered
        .filter((command) => command.startsWith('conclave.') && !names.has(command))
        // The editor makes these for every view.
        .filter((command) => !command.startsWith('conclave.chat.')),
      [],
    );
  });
});
