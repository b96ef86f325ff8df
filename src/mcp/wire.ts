import type { ServerResponse } from 'node:http';

export function writeJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  if (response.headersSent) return;
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
    ...headers,
  });
  response.end(`${JSON.stringify(value)}\n`);
}

/** An error in the words of MCP's transport: JSON-RPC without a request that it answers. */
export function writeRpcError(
  response: ServerResponse,
  status: number,
  code: number,
  message: string,
  headers: Record<string, string> = {},
): void {
  writeJson(response, status, { jsonrpc: '2.0', error: { code, message }, id: null }, headers);
}
