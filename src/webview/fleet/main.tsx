/** The fleet's panel: what the host says of it, with charts of the last two minutes. */
import { render } from 'preact';
import type { FleetHostMethods, FleetPanelMethods, FleetView } from '../../shared/fleetProtocol.ts';
import { openPeer } from '../../shared/rpc.ts';
import type { EditorApi } from '../host.ts';
import { speak } from '../l10n.ts';
import { FleetPanel } from './FleetPanel.tsx';
import './fleet.css';
import { historyFrom, withLook } from './history.ts';
import type { PanelHost } from './panelHost.ts';

declare function acquireVsCodeApi(): EditorApi;

const editor = acquireVsCodeApi();
const root = document.getElementById('root');
if (!root) throw new Error('The page has no element with the id "root" to draw the fleet in.');

let view: FleetView = { kind: 'looking' };
let trusted = true;
let complaint: string | undefined;
/** Outlives the page, which is thrown away while it is hidden. */
let history = historyFrom(editor.getState());

const peer = openPeer<FleetPanelMethods, FleetHostMethods>(
  {
    show(shown) {
      ({ view, trusted } = shown);
      if (view.kind === 'fleet') {
        history = withLook(history, view);
        editor.setState(history);
      }
      draw();
    },
  },
  (message) => editor.postMessage(message),
);
window.addEventListener('message', ({ data }) => peer.receive(data));

const host: PanelHost = {
  act(method, params) {
    complain(undefined);
    peer.call(method, params).catch((error: Error) => complain(error.message));
  },
  complain,
};

function complain(message: string | undefined): void {
  if (message === complaint) return;
  complaint = message;
  draw();
}

function draw(): void {
  if (root) render(<FleetPanel {...{ view, trusted, history, complaint, host }} />, root);
}

peer.call('ready', {}).then(
  ({ locale, strings }) => {
    document.documentElement.lang = locale;
    speak(locale, strings);
    draw();
  },
  (error: Error) => complain(error.message),
);
