import * as vscode from 'vscode';
import { hunksDecided } from '../../core/changes/hunks.ts';
import { StoreError } from '../../core/store/storeError.ts';
import { type ProposalHost, viewOf } from './proposalHost.ts';
import { remainderOf, textAt } from './remainder.ts';

export const PROPOSAL_SCHEME = 'conclave-proposal';

/**
 * `open`: what the file will be when all that waits is accepted; follows decisions and the user's own edits.
 * `base` and `result`: before the run, and with all that is accepted, of a proposal that is decided. `none`: no file.
 */
export type ProposalSide = 'open' | 'base' | 'result' | 'none';

export interface ProposalPlace {
  runId: string;
  /** Of the proposal's file; for `base` of a rename, the new one too. */
  path: string;
  side: ProposalSide;
}

export function proposalUri({ runId, path, side }: ProposalPlace): vscode.Uri {
  return vscode.Uri.from({ scheme: PROPOSAL_SCHEME, path: `/${path}`, query: JSON.stringify({ runId, side }) });
}

/** @returns undefined where the URI is none of ours */
export function placeOfUri(uri: vscode.Uri): ProposalPlace | undefined {
  if (uri.scheme !== PROPOSAL_SCHEME) return undefined;
  const { runId, side } = JSON.parse(uri.query) as Omit<ProposalPlace, 'path'>;
  return { runId, side, path: uri.path.slice(1) };
}

/** Serves the proposals' texts, from the runs' events, and tells when they change. */
export function provideProposalDocuments(host: ProposalHost): vscode.Disposable {
  const changed = new vscode.EventEmitter<vscode.Uri>();
  const openSides = (isMeant: (place: ProposalPlace) => boolean): void => {
    for (const { uri } of vscode.workspace.textDocuments) {
      const place = placeOfUri(uri);
      if (place && isMeant(place)) changed.fire(uri);
    }
  };
  const provider: vscode.TextDocumentContentProvider = {
    onDidChange: changed.event,
    async provideTextDocumentContent(uri) {
      const place = placeOfUri(uri);
      if (!place) return undefined;
      try {
        return ((await textOfPlace(host, place)) ?? '').replace(/^\uFEFF/, '');
      } catch (error) {
        // A run that was deleted has no documents any more.
        if (error instanceof StoreError && error.failure === 'unknownRun') return undefined;
        throw error;
      }
    },
  };
  // Not at every key: the texts are merged anew each time.
  const edited = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const follow = ({ uri }: vscode.TextDocument): void => {
    if (uri.scheme !== 'file') return;
    edited.add(uri.path);
    clearTimeout(timer);
    timer = setTimeout(() => {
      const paths = [...edited];
      edited.clear();
      openSides(({ side, path }) => side === 'open' && paths.some((one) => one.endsWith(`/${path}`)));
    }, 200);
  };
  return vscode.Disposable.from(
    changed,
    vscode.workspace.registerTextDocumentContentProvider(PROPOSAL_SCHEME, provider),
    host.onDidChangeRun((runId) => openSides((place) => place.runId === runId)),
    vscode.workspace.onDidChangeTextDocument(({ document }) => follow(document)),
    vscode.workspace.onDidSaveTextDocument(follow),
    { dispose: () => clearTimeout(timer) },
  );
}

async function textOfPlace(host: ProposalHost, { runId, path, side }: ProposalPlace): Promise<string | null> {
  if (side === 'none') return null;
  const view = await viewOf(host, runId);
  const file = view?.proposal.files.find((one) => one.file.path === path);
  if (!view || !file) return null;
  switch (side) {
    case 'base':
      return file.base;
    case 'result': {
      const { decided } = view.proposal;
      const isWhole = view.proposal.state === 'accepted' && Object.keys(decided).length === 0;
      return textAt(file, isWhole ? new Set(file.hunks.keys()) : hunksDecided(view.proposal, path, 'accepted'));
    }
    case 'open':
      return (await remainderOf(file, view.proposal, host.workspaceOf(view.folder))).text;
    default:
      return side satisfies never;
  }
}
