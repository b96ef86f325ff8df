import * as vscode from 'vscode';
import { openFolders } from './folders.ts';

/** As package.json names the provider. */
const PROVIDER = 'conclave.tools';
const SETTING = 'conclave.mcp.offer';

/**
 * Offers our tools to the editor's other agents: an MCP server for each open folder, which the editor starts when one of
 * them wants it. Only where the editor has MCP servers; elsewhere the user names the same command in mcp.json.
 * @param options.cli absolute path of the headless bundle
 */
export function registerMcpServers(options: {
  cli: string;
  version: string;
  report: (error: unknown) => void;
}): vscode.Disposable | undefined {
  if (typeof vscode.lm?.registerMcpServerDefinitionProvider !== 'function') return undefined;
  const changed = new vscode.EventEmitter<void>();
  const tell = (): void => changed.fire();
  try {
    return vscode.Disposable.from(
      changed,
      vscode.workspace.onDidChangeWorkspaceFolders(tell),
      vscode.workspace.onDidGrantWorkspaceTrust(tell),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration(SETTING)) tell();
      }),
      vscode.lm.registerMcpServerDefinitionProvider(PROVIDER, {
        onDidChangeMcpServerDefinitions: changed.event,
        provideMcpServerDefinitions: () => definitions(options),
      }),
    );
  } catch (error) {
    // A fork may have the function and not what is behind it; that is no reason for the rest not to start.
    options.report(error);
    changed.dispose();
    return undefined;
  }
}

function definitions({ cli, version }: { cli: string; version: string }): vscode.McpStdioServerDefinition[] {
  // The tests of a workspace are run, so it has to be trusted.
  if (!vscode.workspace.isTrusted || !vscode.workspace.getConfiguration().get<boolean>(SETTING, true)) return [];
  const folders = openFolders();
  return folders.map(({ name, uri }) => {
    const server = new vscode.McpStdioServerDefinition(
      folders.length === 1 ? 'Conclave' : `Conclave (${name})`,
      process.execPath,
      [cli, 'mcp', '--workspace', uri.fsPath],
      // The editor's own Node, as a plain Node.
      { ELECTRON_RUN_AS_NODE: '1' },
      version,
    );
    server.cwd = uri;
    return server;
  });
}
