import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';

/**
 * A page of ours: our own script and style, nothing from elsewhere, nothing inline.
 * @param dist the folder of dist/webview
 * @param bundle name of the script and the style in it
 */
export function pageHtml(webview: vscode.Webview, dist: vscode.Uri, bundle: 'chat' | 'fleet'): string {
  const nonce = randomBytes(18).toString('base64url');
  const uri = (file: string): vscode.Uri => webview.asWebviewUri(vscode.Uri.joinPath(dist, file));
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource}`,
    `font-src ${webview.cspSource}`,
    `img-src ${webview.cspSource} data:`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="${vscode.env.language}">
<head>
  <meta charset="utf-8">
  <meta http-equiv="Content-Security-Policy" content="${policy}">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <link rel="stylesheet" href="${uri(`${bundle}.css`)}">
  <title>Conclave</title>
</head>
<body>
  <div id="root"></div>
  <script nonce="${nonce}" src="${uri(`${bundle}.js`)}"></script>
</body>
</html>`;
}
