import { styleText } from 'node:util';
import type { Role } from '../../shared/events.ts';

/** What a text is; how that looks is decided here, once. */
export type Ink = Role | 'good' | 'bad' | 'warning' | 'faint' | 'strong' | 'place';

/** Colours clean text, or gives it back as it is where there are no colours. */
export type Paint = (ink: Ink, text: string) => string;

type Format = Parameters<typeof styleText>[0];

const FORMATS: Record<Ink, Format> = {
  preprocessor: 'blue',
  planner: 'magenta',
  coder: 'cyan',
  reviewer: 'yellow',
  good: 'green',
  bad: 'red',
  warning: 'yellow',
  faint: 'dim',
  strong: 'bold',
  place: 'cyan',
};

export function painter({ colour }: { colour: boolean }): Paint {
  return colour ? (ink, text) => styleText(FORMATS[ink], text, { validateStream: false }) : (_ink, text) => text;
}

/** Whether this stream shows colours: a terminal, NO_COLOR and FORCE_COLOR respected. */
export function hasColour(stream: NodeJS.WriteStream): boolean {
  return styleText('red', 'x', { stream, validateStream: true }) !== 'x';
}
