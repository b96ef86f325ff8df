import * as vscode from 'vscode';
import type { FleetHostMethods, FleetPanelMethods } from '../../shared/fleetProtocol.ts';
import { type Handlers, openPeer } from '../../shared/rpc.ts';
import { pageHtml } from '../pageHtml.ts';
import type { FleetWatch } from './fleetWatch.ts';

export const FLEET_VIEW = 'conclave.fleet';

/** Registers the fleet's panel. Figures are asked for while it is in sight, and not otherwise. */
export function openFleetPanel(options: {
  extensionUri: vscode.Uri;
  watch: FleetWatch;
  actions: Omit<Handlers<FleetHostMethods>, 'ready'>;
}): vscode.Disposable {
  const { watch, actions } = options;
  const dist = vscode.Uri.joinPath(options.extensionUri, 'dist', 'webview');

  function resolveWebviewView(view: vscode.WebviewView): void {
    view.webview.options = { enableScripts: true, localResourceRoots: [dist] };
    let looking: vscode.Disposable | undefined;
    const peer = openPeer<FleetHostMethods, FleetPanelMethods>(
      {
        ...actions,
        ready() {
          // After the answer, so that the panel has its words first.
          setTimeout(show);
          return { locale: vscode.env.language, strings: { ...vscode.l10n.bundle } };
        },
      },
      (message) => void view.webview.postMessage(message),
    );
    function show(): void {
      // A panel that goes away meanwhile is told when it comes back.
      if (view.visible) peer.call('show', { view: watch.view, trusted: vscode.workspace.isTrusted }).catch(() => {});
    }
    function look(): void {
      looking?.dispose();
      looking = view.visible ? watch.lookCloser() : undefined;
    }
    const here = [
      view.webview.onDidReceiveMessage((message) => peer.receive(message)),
      view.onDidChangeVisibility(look),
      watch.onChange(show),
      vscode.workspace.onDidGrantWorkspaceTrust(show),
    ];
    view.onDidDispose(() => {
      looking?.dispose();
      peer.close();
      for (const one of here) one.dispose();
    });
    look();
    view.webview.html = pageHtml(view.webview, dist, 'fleet');
  }

  return vscode.window.registerWebviewViewProvider(FLEET_VIEW, { resolveWebviewView });
}
