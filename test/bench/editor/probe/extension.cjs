// Measures inside the extension host: activates extensions by the clock, then answers to the bench over HTTP.
const { writeFileSync, renameSync } = require('node:fs');
const { createServer } = require('node:http');
const { join } = require('node:path');
const { setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');
const vscode = require('vscode');

exports.activate = async ({ subscriptions }) => {
  const activation = {};
  // Which is first takes turns: the first may pay for what both need.
  const ids = JSON.parse(process.env.CONCLAVE_BENCH_IDS);
  if (process.pid % 2 === 0) ids.reverse();
  for (const id of ids) {
    const extension = vscode.extensions.getExtension(id);
    if (!extension) throw new Error(`The extension ${id} is not installed.`);
    if (extension.isActive) throw new Error(`The extension ${id} is active before it could be measured.`);
    const started = performance.now();
    await extension.activate();
    activation[id] = performance.now() - started;
  }

  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc');
  const server = createServer(async ({ url }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://127.0.0.1');
    if (pathname === '/command') await vscode.commands.executeCommand(searchParams.get('id'));
    for (let times = 0; times < 3; times++) collectGarbage();
    response.end(JSON.stringify(process.memoryUsage()));
  });
  subscriptions.push({ dispose: () => server.close() });
  server.listen(0, '127.0.0.1', () => {
    const file = join(process.env.CONCLAVE_BENCH_FOLDER, `${process.pid}.json`);
    writeFileSync(`${file}.part`, JSON.stringify({ port: server.address().port, activation }));
    renameSync(`${file}.part`, file);
  });
};
