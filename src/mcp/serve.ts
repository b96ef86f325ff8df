import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { Installation } from '../node/openCrew.ts';
import { type HttpServer, openHttpServer, UnknownToolError } from './httpServer.ts';
import { openOffer } from './openOffer.ts';
import { serveClient } from './serveClient.ts';
import { callTool, isTool, listedTools } from './tools.ts';
import { openWork } from './work.ts';

/** What both ways to serve need to know. */
export interface ServeOptions {
  /** Absolute, real path. */
  workspace: string;
  /** Upper bound for the text of a result, in characters. */
  maxChars: number;
  /** Told of what nobody foresaw. */
  report: (error: unknown) => void;
}

/** Serves one client on standard input and output, until that ends or the signal comes. */
export async function serveStdio(
  installation: Installation,
  options: ServeOptions,
  signal: AbortSignal,
): Promise<void> {
  const offer = await openOffer(installation, options);
  const work = openWork(offer.crew.processes);
  try {
    const transport = new StdioServerTransport();
    const over = new Promise<void>((resolve) => {
      process.stdin.once('end', resolve);
      process.stdin.once('close', resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
    });
    await serveClient({ ...offer, crew: { ...offer.crew, processes: work.processes } }, transport);
    await over;
    await transport.close();
    await work.settled();
  } finally {
    await offer.close();
  }
}

/** Serves on a port of this machine. What it gives back must be closed. */
export async function serveHttp(
  installation: Installation,
  options: ServeOptions & { host: string; port: number; token: string },
): Promise<HttpServer> {
  const { host, port, token, report } = options;
  const opened = await openOffer(installation, options);
  const work = openWork(opened.crew.processes);
  const offer = { ...opened, crew: { ...opened.crew, processes: work.processes } };
  try {
    const server = await openHttpServer({
      host,
      port,
      token,
      report,
      version: installation.version,
      connect: (transport: Transport) => serveClient(offer, transport),
      callTool: async (name, args, signal) => {
        if (!isTool(name)) {
          const names = listedTools().map((tool) => tool.name);
          throw new UnknownToolError(`There is no tool "${name}"; there are: ${names.join(', ')}.`);
        }
        return callTool(offer, name, args, { scope: { kind: 'all' }, signal });
      },
    });
    return {
      url: server.url,
      async close() {
        await server.close();
        await work.settled();
        await opened.close();
      },
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}
