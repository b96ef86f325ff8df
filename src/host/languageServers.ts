import { setTimeout as after } from 'node:timers/promises';
import * as vscode from 'vscode';
import type { CodePlace, LanguageServers } from '../core/ports.ts';
import { editorDiagnostics } from './editorDiagnostics.ts';

/** Milliseconds: a server that still loads its project is not waited on, and will be ready the next time. */
const LONGEST = 2000;

/** The language servers of the editor, for the files of one open folder. */
export function openLanguageServers(folder: vscode.Uri): LanguageServers {
  return {
    diagnostics: editorDiagnostics({ uri: folder }),
    async references(at, signal) {
      const uri = vscode.Uri.joinPath(folder, at.path);
      const position = new vscode.Position(at.line - 1, at.column - 1);
      const ask = <T>(command: string): Promise<T[]> =>
        Promise.resolve(vscode.commands.executeCommand<T[] | undefined>(command, uri, position)).then(
          (found) => found ?? [],
          // A provider that fails answers nothing.
          () => [],
        );
      const late = new AbortController();
      const asked = async () => {
        // Servers only answer for documents that are open.
        await vscode.workspace.openTextDocument(uri);
        return Promise.all([
          ask<vscode.Location>('vscode.executeReferenceProvider'),
          ask<vscode.Location | vscode.LocationLink>('vscode.executeDefinitionProvider'),
        ]);
      };
      const answer = await Promise.race([
        asked().catch(() => undefined),
        after(LONGEST, undefined, { signal: AbortSignal.any([signal, late.signal]) }).catch(() => undefined),
      ]);
      late.abort();
      signal.throwIfAborted();
      // Whoever knows the symbol knows where it was asked for, at the least.
      if (!answer || answer[0].length === 0) return undefined;
      const [references, definitions] = answer;
      const defined = new Set(definitions.flatMap((found) => keyOf(placeOf(folder, asLocation(found)))));
      return references.flatMap((location) => {
        const place = placeOf(folder, location);
        return place === undefined ? [] : [{ ...place, definition: defined.has(keyOf(place)) }];
      });
    },
  };
}

function asLocation(found: vscode.Location | vscode.LocationLink): vscode.Location {
  if ('uri' in found) return found;
  return new vscode.Location(found.targetUri, found.targetSelectionRange ?? found.targetRange);
}

/** Undefined outside the folder: in libraries, and in documents that are no files. */
function placeOf(folder: vscode.Uri, { uri, range }: vscode.Location): CodePlace | undefined {
  const root = `${folder.path.replace(/\/$/, '')}/`;
  if (uri.scheme !== folder.scheme || !uri.path.startsWith(root)) return undefined;
  return { path: uri.path.slice(root.length), line: range.start.line + 1, column: range.start.character + 1 };
}

function keyOf(place: CodePlace | undefined): string {
  return place === undefined ? '' : `${place.path}:${place.line}:${place.column}`;
}
