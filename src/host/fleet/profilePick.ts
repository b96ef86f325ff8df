import * as vscode from 'vscode';
import type { ProfileEntry } from '../../shared/fleet.ts';

interface ProfileItem extends vscode.QuickPickItem {
  /** Absent on what cannot be chosen. */
  profile?: ProfileEntry;
}

/**
 * Has the user choose a profile. Those that do not fit are shown with the sum, and cannot be chosen.
 * @param inUse name of the one that is in use
 */
export async function pickProfile(
  profiles: Promise<readonly ProfileEntry[]>,
  inUse: string | undefined,
): Promise<ProfileEntry | undefined> {
  const { t } = vscode.l10n;
  const pick = vscode.window.createQuickPick<ProfileItem>();
  pick.title = t('Which models, on which machine?');
  pick.placeholder = t('Nothing is downloaded before you start the fleet');
  pick.matchOnDetail = true;
  pick.busy = true;
  const chosen = new Promise<ProfileEntry | undefined>((resolve) => {
    pick.onDidAccept(() => {
      const [item] = pick.selectedItems;
      if (item?.profile === undefined) return;
      resolve(item.profile);
      pick.hide();
    });
    pick.onDidHide(() => resolve(undefined));
  });
  pick.show();
  try {
    pick.items = itemsOf(await profiles, inUse);
    pick.busy = false;
    return await chosen;
  } finally {
    pick.dispose();
  }
}

/** The advised one first, those that do not fit last. */
function itemsOf(profiles: readonly ProfileEntry[], inUse: string | undefined): ProfileItem[] {
  const { t } = vscode.l10n;
  const fit = profiles.filter(({ refusal }) => refusal === undefined);
  const others = profiles.filter(({ refusal }) => refusal !== undefined);
  const order = [...fit.filter(({ isAdvised }) => isAdvised), ...fit.filter(({ isAdvised }) => !isAdvised)];
  const items = order.map((profile): ProfileItem => {
    const marks = [
      ...(profile.isAdvised ? [t('advised for this machine')] : []),
      ...(profile.name === inUse ? [t('in use')] : []),
    ];
    return {
      label: `${profile.isAdvised ? '$(star-full)' : '$(server-process)'} ${profile.title}`,
      description: [profile.name, ...marks].join(' · '),
      detail: profile.summary,
      profile,
    };
  });
  if (others.length === 0) return items;
  return [
    ...items,
    { label: t('Do not fit this machine'), kind: vscode.QuickPickItemKind.Separator },
    ...others.map(
      ({ name, title, refusal }): ProfileItem => ({
        label: `$(circle-slash) ${title}`,
        description: name,
        ...(refusal === undefined ? {} : { detail: refusal }),
      }),
    ),
  ];
}
