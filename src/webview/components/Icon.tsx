import type { Role } from '../../shared/events.ts';
import { ROLE_ICONS } from '../phrases.ts';

/** A codicon beside words that say the same: screen readers pass over it. */
export function Icon({ name, tone, spins }: { name: string; tone?: string; spins?: boolean }) {
  const classes = ['codicon', `codicon-${name}`, ...(tone ? [`tone-${tone}`] : []), ...(spins ? ['spins'] : [])];
  return <span class={classes.join(' ')} aria-hidden="true" />;
}

export function RoleIcon({ of: role }: { of: Role }) {
  return <span class={`codicon codicon-${ROLE_ICONS[role]} role-${role}`} aria-hidden="true" />;
}
