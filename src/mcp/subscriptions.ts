import { createHash } from 'node:crypto';
import { ErrorCode, McpError } from '@modelcontextprotocol/sdk/types.js';
import type { Workspace } from '../core/ports.ts';
import { pathFrom } from './files.ts';
import type { Offer } from './offer.ts';
import { ResourceError } from './resourceError.ts';
import { narrowed, type Scope } from './roots.ts';
import { readRunResource, runResourceFrom } from './runs.ts';

/** Of one client. */
const MOST = 100;
/** Milliseconds between two looks at the files; runs tell by themselves, and are passed on no more often than that. */
const PERIOD = 1000;

/** The resources of which a client wants to know when they change. */
export interface Subscriptions {
  /** @throws McpError where there is no such resource, or too many are watched */
  add(uri: string, scope: Scope): Promise<void>;
  remove(uri: string): void;
  close(): void;
}

/** @param tell tells the client that a resource is otherwise now */
export function openSubscriptions(offer: Offer, tell: (uri: string) => Promise<void>): Subscriptions {
  const stops = new Map<string, () => void>();
  // A client that has gone need not be told.
  const pass = (uri: string): void => void tell(uri).catch(() => {});
  return {
    async add(uri, scope) {
      if (stops.has(uri)) return;
      if (stops.size >= MOST) {
        throw new McpError(ErrorCode.InvalidParams, `${MOST} resources are watched; unsubscribe from one first.`);
      }
      // What runs have left is about all of the workspace.
      const run = scope.kind === 'all' ? runResourceFrom(uri) : undefined;
      const stop = run
        ? await watchRun(offer, uri, run, pass)
        : await watchFile(uri, narrowed(offer.crew.workspace, scope), offer, pass);
      if (stops.has(uri)) stop();
      else stops.set(uri, stop);
    },
    remove(uri) {
      stops.get(uri)?.();
      stops.delete(uri);
    },
    close() {
      for (const stop of stops.values()) stop();
      stops.clear();
    },
  };
}

async function watchFile(
  uri: string,
  workspace: Workspace,
  offer: Offer,
  pass: (uri: string) => void,
): Promise<() => void> {
  const path = await pathFrom(uri, workspace);
  const look = async (): Promise<string> => {
    const content = await workspace.read(path);
    return 'hash' in content ? content.hash : content.kind;
  };
  let before = await look();
  if (before === 'forbidden' || before === 'missing' || before === 'directory') {
    throw new ResourceError(uri, 'there is no such file that may be read');
  }
  return everyPeriod(offer, async () => {
    const now = await look();
    if (now !== before) pass(uri);
    before = now;
  });
}

async function watchRun(
  offer: Offer,
  uri: string,
  resource: NonNullable<ReturnType<typeof runResourceFrom>>,
  pass: (uri: string) => void,
): Promise<() => void> {
  const hashOf = async (): Promise<string> => {
    const [content] = await readRunResource(offer, uri, resource);
    return createHash('sha256')
      .update(content?.text ?? '')
      .digest('hex');
  };
  const stop = new AbortController();
  const { runId, lastSeq } = await known(offer, uri, resource.run);
  let isNew = false;
  let before = resource.part === 'plan' ? await hashOf().catch(() => '') : '';
  const follow = async (): Promise<void> => {
    for await (const _event of offer.log.follow(runId, lastSeq, stop.signal)) isNew = true;
  };
  follow().catch((error: unknown) => {
    if (!stop.signal.aborted) offer.report(error);
  });
  const end = everyPeriod(offer, async () => {
    if (!isNew) return;
    isNew = false;
    if (resource.part === 'events') return pass(uri);
    const now = await hashOf();
    if (now !== before) pass(uri);
    before = now;
  });
  return () => {
    end();
    stop.abort();
  };
}

async function known({ crew, log }: Offer, uri: string, id: string) {
  const found = (await log.list()).find(({ runId, workspace }) => runId === id && workspace === crew.workspace.root);
  if (!found) throw new ResourceError(uri, 'there is no such run');
  return found;
}

/** Does it again and again, one after another; what fails is reported and tried again. */
function everyPeriod(offer: Offer, work: () => Promise<void>): () => void {
  let timer: NodeJS.Timeout;
  let isOver = false;
  const next = (): void => {
    if (isOver) return;
    timer = setTimeout(() => void work().catch(offer.report).finally(next), PERIOD);
    timer.unref();
  };
  next();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}
