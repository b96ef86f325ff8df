import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as vscode from 'vscode';
import { NEEDED_ROLES } from '../../../src/core/settings.ts';
import { set, until } from './support/editor.ts';

const extension = vscode.extensions.getExtension('conclave.conclave');

/** Counts who asks, and lists no model. */
async function startCounting(): Promise<{ url: string; asked: () => number; close: () => void }> {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.setHeader('content-type', 'application/json').end('{"data": []}');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/v1`, asked: () => asked, close: () => server.close() };
}

describe('the extension', () => {
  it('is there and activates', async () => {
    assert.ok(extension, 'conclave.conclave is not installed');
    await extension.activate();
    assert.equal(extension.isActive, true);
  });

  it('asks the model servers once the chat is seen, and not before', async () => {
    await extension?.activate();
    const [before, seen] = [await startCounting(), await startCounting()];
    for (const { url } of [before, seen]) for (const role of NEEDED_ROLES) await set(`endpoints.${role}.url`, url);
    await vscode.commands.executeCommand('conclave.chat.focus');
    await until('a question to every server', async () => (seen.asked() >= NEEDED_ROLES.length ? true : undefined));
    assert.equal(before.asked(), 0);
    for (const role of NEEDED_ROLES) await set(`endpoints.${role}.url`, undefined);
    await vscode.commands.executeCommand('workbench.view.explorer');
    for (const server of [before, seen]) server.close();
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
        .filter((command) => !/^conclave\.(chat|fleet)\./.test(command)),
      [],
    );
  });
});
