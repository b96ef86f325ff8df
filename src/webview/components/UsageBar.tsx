import { useEffect, useState } from 'preact/hooks';
import { ROLES, type Role } from '../../shared/events.ts';
import type { RoleUsage, RunState } from '../../shared/runState.ts';
import { duration, percent, short, t } from '../l10n.ts';
import { roleName } from '../phrases.ts';
import { useUnfolded } from './Disclosure.tsx';
import { Icon, RoleIcon } from './Icon.tsx';

/** How full each role's window is, what the run has cost, and how long it has taken; unfolds to a table. */
export function UsageBar({ run, activeMs, isLive }: { run: RunState; activeMs: number; isLive: boolean }) {
  const [isOpen, toggle] = useUnfolded('usage');
  const elapsed = useElapsed(activeMs, run.lastAt, isLive);
  const used = ROLES.flatMap((role) => {
    const usage = run.usage[role];
    return usage === undefined ? [] : [{ role, usage }];
  });
  if (used.length === 0) return null;
  const tokens = used.reduce((sum, { usage }) => sum + usage.promptTokens + usage.completionTokens, 0);
  return (
    <div class="usage">
      {isOpen && <UsageTable used={used} />}
      <button
        type="button"
        class="usage-line"
        aria-expanded={isOpen}
        onClick={toggle}
        title={t('Context, tokens and time')}
      >
        <span class="visually-hidden">{t('Context, tokens and time')}</span>
        {used.map(({ role, usage }) => (
          <span class="gauge" key={role}>
            <RoleIcon of={role} />
            <meter
              min={0}
              max={Math.max(1, usage.window)}
              high={usage.window * 0.8}
              value={usage.lastPromptTokens}
              aria-label={t('{0}: context used', roleName(role))}
            />
          </span>
        ))}
        <span class="totals">
          {t('{0} tok', short(tokens))} · {duration(elapsed)}
        </span>
        <Icon name={isOpen ? 'chevron-down' : 'chevron-right'} />
      </button>
    </div>
  );
}

function UsageTable({ used }: { used: { role: Role; usage: RoleUsage }[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <section class="wide" tabIndex={0} aria-label={t('Usage by role')}>
      <table class="usage-table">
        <thead>
          <tr>
            <th scope="col">{t('Role')}</th>
            <th scope="col">{t('Context')}</th>
            <th scope="col">{t('Cached')}</th>
            <th scope="col">{t('tok/s')}</th>
            <th scope="col">{t('Tokens')}</th>
          </tr>
        </thead>
        <tbody>
          {used.map(({ role, usage }) => (
            <tr key={role} title={usage.model}>
              <th scope="row">
                <RoleIcon of={role} /> {roleName(role)}
              </th>
              <td>
                {short(usage.lastPromptTokens)} / {short(usage.window)}
              </td>
              <td>{percent(usage.cachedTokens, usage.promptTokens)}</td>
              <td>{Math.round(usage.tokensPerSecond)}</td>
              <td>{short(usage.promptTokens + usage.completionTokens)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Goes on by the second while the crew works, even where no event comes. */
function useElapsed(activeMs: number, lastAt: string, isLive: boolean): number {
  const [now, setNow] = useState(0);
  useEffect(() => {
    if (!isLive) return;
    setNow(Date.now());
    const ticking = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(ticking);
  }, [isLive]);
  return isLive && lastAt !== '' ? activeMs + Math.max(0, now - Date.parse(lastAt)) : activeMs;
}
