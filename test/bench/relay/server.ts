/**
 * A model server that writes tokens at a steady pace, each holding the time at which it was sent: `node --import tsx
 * server.ts TOKENS PER_SECOND`. Prints its port; ends with its standard input.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const [tokens = 0, perSecond = 1] = process.argv.slice(2).map(Number);

/** Microseconds by the clock that all processes of a machine share. */
const now = (): bigint => process.hrtime.bigint() / 1000n;

const server = createServer((request, response) => {
  if (request.url === '/v1/models') {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ data: [{ id: 'steady', max_model_len: 32_768 }] }));
  } else if (request.url === '/v1/chat/completions') {
    request.resume().on('end', () => stream(response));
  } else response.writeHead(404).end();
});

function stream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const began = now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.min(tokens, Math.floor((Number(now() - began) / 1e6) * perSecond));
    for (; sent < due; sent += 1) write(response, { delta: { content: `${now()} ` }, finish_reason: null });
    if (sent < tokens) return;
    clearInterval(timer);
    write(response, { delta: {}, finish_reason: 'stop' });
    response.end('data: [DONE]\n\n');
  }, 1);
  response.on('close', () => clearInterval(timer));
}

function write(response: ServerResponse, choice: unknown): void {
  const chunk = { id: 'c', object: 'chat.completion.chunk', created: 0, model: 'steady', choices: [choice] };
  response.write(`data: ${JSON.stringify(chunk)}\n\n`);
}

server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
process.stdin.resume().on('end', () => process.exit());
