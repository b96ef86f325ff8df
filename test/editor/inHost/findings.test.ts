import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as vscode from 'vscode';
import { fingerprintOf } from '../../../src/core/orchestrator/gate.ts';
import { explanationUri } from '../../../src/host/findings/diagnosticOf.ts';
import { registerExplanations } from '../../../src/host/findings/explanations.ts';
import { findingCommands, type StartCrew } from '../../../src/host/findings/findingCommands.ts';
import { type Findings, openFindings } from '../../../src/host/findings/findings.ts';
import { quickFixesFor, registerQuickFixes } from '../../../src/host/findings/quickFixes.ts';
import { PROPOSAL_SCHEME, proposalUri } from '../../../src/host/proposals/proposalDocuments.ts';
import { waiversFile } from '../../../src/node/waivers.ts';
import type { EventBody, Finding, RunEvent } from '../../../src/shared/events.ts';
import type { SettledFindings } from '../../../src/shared/protocol.ts';
import { until } from './support/editor.ts';

const folder = vscode.workspace.workspaceFolders?.[0] ?? assert.fail('no folder is open');
const root = folder.uri.fsPath;
const PATH = 'findings/count.js';
const uri = vscode.Uri.joinPath(folder.uri, PATH);
const TEXT = 'export function count(list) {\n  if (list == null) return 0;\n  return list.length;\n}\n';
const RUN = '20261123-120000-abcd';

function finding(more: Partial<Finding> & { quote?: string } = {}): Finding {
  const issue: Finding = {
    severity: 'high',
    type: 'style',
    location: `${PATH}:2`,
    message: 'Compares loosely.',
    path: PATH,
    line: 2,
    quote: 'if (list == null) return 0;',
    suggested_fix: { search: 'list == null', replace: 'list === null' },
    fingerprint: '',
    blocking: true,
    because: 'high, in round 1',
    ...more,
  };
  return { ...issue, fingerprint: fingerprintOf(issue, issue.path) };
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** Our diagnostics of a document, once they are as the test wants them; else as they are when it gives up. */
async function diagnostics(at: vscode.Uri, isAsWanted: (found: vscode.Diagnostic[]) => boolean) {
  const look = (): vscode.Diagnostic[] =>
    vscode.languages.getDiagnostics(at).filter(({ source }) => source === 'Conclave');
  const end = Date.now() + 10_000;
  while (!isAsWanted(look()) && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 30));
  assert.ok(isAsWanted(look()), `the diagnostics of ${at} are ${JSON.stringify(look())}`);
  return look();
}

const some = (count: number) => (found: vscode.Diagnostic[]) => found.length === count;

/** What the editor's menu offers there; it leaves out what is disabled. */
async function menu({ range }: vscode.Diagnostic): Promise<string[]> {
  const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
    'vscode.executeCodeActionProvider',
    uri,
    range,
    vscode.CodeActionKind.QuickFix.value,
  );
  return actions.map(({ title }) => title);
}

function titled(actions: readonly vscode.CodeAction[], title: RegExp): vscode.CodeAction {
  return (
    actions.find((action) => title.test(action.title)) ?? assert.fail(`no ${title} in ${actions.map((a) => a.title)}`)
  );
}

describe('the findings of the shown run', () => {
  let findings: Findings;
  let parts: vscode.Disposable[] = [];
  let asked: Parameters<StartCrew>[] = [];
  let waived: [string, string, string][] = [];
  let seq = 0;
  const commands = () => findingCommands(findings, async (...args) => void asked.push(args));
  const quickFixes = async (diagnostic: vscode.Diagnostic, at = uri): Promise<vscode.CodeAction[]> => {
    const actions = quickFixesFor(findings, await vscode.workspace.openTextDocument(at), [diagnostic]);
    for (const { kind, diagnostics: about } of actions) {
      assert.deepEqual([kind, about], [vscode.CodeActionKind.QuickFix, [diagnostic]]);
    }
    return actions;
  };
  const add = (...bodies: EventBody[]): void =>
    findings.add(bodies.map((body): RunEvent => ({ ...body, runId: RUN, seq: ++seq, at: '2026-11-23T12:00:00Z' })));
  const found = (subtask: string, ...list: Finding[]): void =>
    add({
      type: 'review.finished',
      subtask,
      round: 1,
      review: { status: 'failed', issues: [], feedback: '' },
      verdict: { status: 'failed', failingChecks: [], findings: list, notes: [] },
    });

  beforeEach(() => {
    write(PATH, TEXT);
    asked = [];
    waived = [];
    findings = openFindings({
      folderAt: (path) => (path === root ? folder : undefined),
      onWaived: ({ fsPath }, { message }, reason) => waived.push([fsPath, message, reason]),
    });
    parts = [findings, registerQuickFixes(findings), registerExplanations(findings)];
    findings.show(RUN);
    add({ type: 'run.started', task: 'Count', workspace: root, version: '0', kind: 'review', endpoints: [] });
  });

  afterEach(async () => {
    for (const part of parts) part.dispose();
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    rmSync(join(root, '.conclave'), { recursive: true, force: true });
  });

  it('stand on the quoted line, by severity, with their type and what they lean on', async () => {
    write('findings/use.js', "import { count } from './count.js';\ncount(undefined);\n");
    found(
      'review',
      finding({ evidence: 'findings/use.js:2 passes undefined' }),
      finding({ severity: 'medium', quote: 'return list.length;', line: 99, message: 'Slow.' }),
      finding({ severity: 'low', quote: 'export function count(list) {', message: 'No comment.' }),
    );
    const list = (await diagnostics(uri, some(3))).toSorted((a, b) => a.severity - b.severity);
    assert.deepEqual(
      list.map(({ severity, range, code }) => [
        severity,
        range.start.line,
        range.start.character,
        (code as { value: string }).value,
      ]),
      [
        [vscode.DiagnosticSeverity.Error, 1, 2, 'style'],
        [vscode.DiagnosticSeverity.Warning, 2, 2, 'style'],
        [vscode.DiagnosticSeverity.Information, 0, 0, 'style'],
      ],
    );
    const related = list[0]?.relatedInformation?.[0];
    assert.match(related?.location.uri.path ?? '', /findings\/use\.js$/);
    assert.equal(related?.location.range.start.line, 1);
    const target = explanationUri(finding());
    assert.deepEqual(list[0]?.code, { value: 'style', target });
    assert.match((await vscode.workspace.openTextDocument(target)).getText(), /Compares loosely\.[\s\S]*list === null/);
  });

  it('follow edits, vanish with the text, and come back with it', async () => {
    found('review', finding());
    await diagnostics(uri, some(1));
    const editor = await vscode.window.showTextDocument(uri);
    await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), '// one\n// two\n'));
    await diagnostics(uri, (list) => list[0]?.range.start.line === 3);
    await editor.edit((edit) => edit.delete(editor.document.lineAt(3).rangeIncludingLineBreak));
    await diagnostics(uri, some(0));
    await vscode.commands.executeCommand('undo');
    await diagnostics(uri, some(1));
  });

  it('follow what changes on disk, and go with the file', async () => {
    found('review', finding());
    await diagnostics(uri, some(1));
    write(PATH, `// one\n${TEXT}`);
    await diagnostics(uri, (list) => list[0]?.range.start.line === 2);
    rmSync(join(root, PATH));
    await diagnostics(uri, some(0));
  });

  it('are replaced by the next verdict, cleared on demand, and gone with the run', async () => {
    found('review', finding(), finding({ quote: 'return list.length;' }));
    await diagnostics(uri, some(2));
    found('review', finding());
    await diagnostics(uri, some(1));
    commands()['conclave.clearFindings']();
    await diagnostics(uri, some(0));
    found('review', finding());
    await diagnostics(uri, some(1));
    findings.show(undefined);
    await diagnostics(uri, some(0));
  });

  it('about a proposal stand on its document, with no edit and no Coder to offer', async () => {
    const proposed = proposalUri({ runId: RUN, path: PATH, side: 'open' });
    const provider = vscode.workspace.registerTextDocumentContentProvider(PROPOSAL_SCHEME, {
      provideTextDocumentContent: ({ path }) => (path.endsWith('count.js') ? TEXT.replace('==', '!=') : undefined),
    });
    parts.push(provider);
    const edited = {
      lane: 'coder:t',
      subtask: 't',
      edit: 'e',
      path: PATH,
      action: 'modify',
      added: 1,
      removed: 1,
    } as const;
    add({ type: 'edit.applied', ...edited });
    found('t', finding({ quote: 'if (list != null) return 0;' }), finding({ quote: 'return list.length;' }));
    await diagnostics(uri, some(1));
    await diagnostics(proposed, some(0));
    add({ type: 'proposal.ready', files: [] } as never);
    const [diagnostic = assert.fail()] = await diagnostics(proposed, some(1));
    const actions = await quickFixes(diagnostic, proposed);
    assert.ok(titled(actions, /suggestion/).disabled);
    assert.ok(titled(actions, /fix this/).disabled);
    await assert.rejects(
      commands()['conclave.fixFinding'](finding({ quote: 'if (list != null) return 0;' }).fingerprint),
      /accept the proposal first/,
    );
  });

  describe('offer quick fixes:', () => {
    it('the suggestion, preferred where it applies, as one edit that mends it', async () => {
      found('review', finding());
      const [diagnostic = assert.fail()] = await diagnostics(uri, some(1));
      const action = titled(await quickFixes(diagnostic), /Apply the Reviewer’s suggestion/);
      assert.equal(action.isPreferred, true);
      assert.equal(action.disabled, undefined);
      const offered = await menu(diagnostic);
      for (const title of [/suggestion/, /Ask the Coder to fix this/, /Waive with a reason/, /Explain/]) {
        assert.ok(
          offered.some((one) => title.test(one)),
          `${title} is not among ${offered}`,
        );
      }
      assert.equal(await vscode.workspace.applyEdit(action.edit ?? assert.fail()), true);
      const document = await vscode.workspace.openTextDocument(uri);
      assert.equal(document.getText(), TEXT.replace('==', '==='));
      await diagnostics(uri, some(0));
      await document.save();
      const isMended = { waived: [], mended: [finding().fingerprint] };
      await until('the mended finding', async () => isDeepStrictEqual(findings.settled(), isMended) || undefined);
      // There is nothing left to be fixed, by the Coder neither, until it is taken back.
      await assert.rejects(commands()['conclave.fixAllFindings'](), /There are no findings to fix/);
      const back = new vscode.WorkspaceEdit();
      back.replace(uri, document.lineAt(1).range, TEXT.split('\n')[1] ?? '');
      await vscode.workspace.applyEdit(back);
      await diagnostics(uri, some(1));
      assert.deepEqual(findings.settled().mended, []);
      await document.save();
    });

    it('nothing where an editor before this one applied it', async () => {
      write(PATH, TEXT.replace('==', '==='));
      found('review', finding());
      const { fingerprint } = finding();
      await until('the mended finding', async () => findings.settled().mended.includes(fingerprint) || undefined);
      assert.deepEqual(findings.list(), []);
    });

    it('the suggestion disabled, with the reason, where it does not apply', async () => {
      found('review', finding({ suggested_fix: { search: 'list == nil', replace: 'x' } }));
      const [diagnostic = assert.fail()] = await diagnostics(uri, some(1));
      const action = titled(await quickFixes(diagnostic), /suggestion/);
      assert.match(action.disabled?.reason ?? '', /word by word/);
      assert.notEqual(action.isPreferred, true);
      assert.equal(action.edit, undefined);
    });

    it('the Coder, for one and for all in the file', async () => {
      const other = finding({
        quote: 'return list.length;',
        message: 'Slow.',
        suggested_fix: { search: 'zzz', replace: 'y' },
      });
      found('review', finding(), other);
      const [diagnostic = assert.fail()] = await diagnostics(uri, some(2));
      const actions = await quickFixes(diagnostic);
      const one = titled(actions, /fix this/).command;
      assert.equal(one?.command, 'conclave.fixFinding');
      await commands()['conclave.fixFinding'](...(one?.arguments ?? []));
      const all = titled(actions, /fix all 2/).command;
      assert.equal(all?.command, 'conclave.fixAllFindings');
      await commands()['conclave.fixAllFindings'](...(all?.arguments ?? []));
      assert.deepEqual(
        asked.map(([at, { kind }]) => [at.uri.toString(), kind]),
        [
          [folder.uri.toString(), 'run'],
          [folder.uri.toString(), 'run'],
        ],
      );
      assert.match(asked[0]?.[1].task ?? '', /findings\/count\.js:2: Compares loosely\./);
      assert.doesNotMatch(asked[0]?.[1].task ?? '', /Slow/);
      assert.match(asked[1]?.[1].task ?? '', /Compares loosely[\s\S]*Slow/);
    });

    it('an explanation', async () => {
      found('review', finding());
      const [diagnostic = assert.fail()] = await diagnostics(uri, some(1));
      const action = titled(await quickFixes(diagnostic), /Explain/).command;
      assert.equal(action?.command, 'conclave.explainFinding');
      await commands()['conclave.explainFinding'](...(action?.arguments ?? []));
      assert.equal(asked[0]?.[1].kind, 'ask');
      assert.match(asked[0]?.[1].task ?? '', /Compares loosely\./);
    });

    it('a waiver, kept in the workspace for good', async () => {
      found('review', finding(), finding({ quote: 'return list.length;' }));
      const [diagnostic = assert.fail()] = await diagnostics(uri, some(2));
      const action = titled(await quickFixes(diagnostic), /Waive/).command;
      assert.equal(action?.command, 'conclave.waiveFinding');
      const fingerprint = finding().fingerprint;
      assert.ok(action?.arguments?.[0]);
      await findings.waive(fingerprint, 'null is meant');
      await diagnostics(uri, some(1));
      const kept = JSON.parse(readFileSync(waiversFile(root), 'utf8'));
      assert.deepEqual(
        kept.map(({ date: _date, ...rest }: { date: string }) => rest),
        [{ fingerprint, type: 'style', path: PATH, quote: 'if (list == null) return 0;', reason: 'null is meant' }],
      );
      assert.deepEqual(waived, [[root, finding().message, 'null is meant']], 'and later runs are told');
      // Said again, in this run and in the next one, it stays away.
      found('review', finding());
      await diagnostics(uri, some(0));
    });
  });

  it('are waived and shown again as somebody edits the file of waivers', async () => {
    found('review', finding());
    await diagnostics(uri, some(1));
    const said: SettledFindings[] = [];
    parts.push(findings.onSettled((settled) => said.push(settled)));
    await findings.waive(finding().fingerprint, 'so it is');
    await diagnostics(uri, some(0));
    assert.deepEqual(findings.settled(), { waived: [finding().fingerprint], mended: [] });
    writeFileSync(waiversFile(root), '[]\n');
    await diagnostics(uri, some(1));
    assert.deepEqual(said, [
      { waived: [finding().fingerprint], mended: [] },
      { waived: [], mended: [] },
    ]);
  });

  it('are not waived over a file that cannot be understood, and nothing in it is lost', async () => {
    found('review', finding());
    await diagnostics(uri, some(1));
    write('.conclave/waived.json', '[{,]');
    await assert.rejects(findings.waive(finding().fingerprint, 'x'), /waived\.json: line 1, column 3/);
    assert.equal(readFileSync(waiversFile(root), 'utf8'), '[{,]');
    assert.deepEqual(waived, []);
    assert.equal(existsSync(join(root, PATH)), true);
  });

  it('have a file reviewed on its own', async () => {
    await commands()['conclave.reviewFile'](uri);
    assert.deepEqual(
      [asked[0]?.[0].uri.toString(), asked[0]?.[1].kind, asked[0]?.[1].paths],
      [folder.uri.toString(), 'review', [PATH]],
    );
    await assert.rejects(
      commands()['conclave.reviewFile'](vscode.Uri.file('/elsewhere/x.js')),
      /x\.js lies in no open folder/,
    );
  });

  it('explain themselves until they are gone', async () => {
    const document = await vscode.workspace.openTextDocument(explanationUri(finding({ quote: 'other' })));
    assert.match(document.getText(), /not there any more/);
  });
});
