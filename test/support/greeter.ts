import { edit } from './scripts.ts';

/** Edits of the GREETER project, and what its plans declare. */

const GREET = "export function greet() {\n  return 'Hello!';";

/** Right. */
export const greetByName = edit(
  'src/greet.js',
  GREET,
  "export function greet(name) {\n  return name ? 'Hello, ' + name + '!' : 'Hello!';",
);
/** Its test is red: without a name it greets "undefined". */
export const greetWrong = edit(
  'src/greet.js',
  GREET,
  "export function greet(name) {\n  return 'Hello, ' + name + '!';",
);
/** Wrong as before, in other words, on top of `greetWrong`. */
export const greetWrongAgain = edit(
  'src/greet.js',
  "  return 'Hello, ' + name + '!';",
  "  return 'Hi, ' + name + '!';",
);
export const greetWrongStill = edit('src/greet.js', "  return 'Hi, ' + name + '!';", "  return 'Hey, ' + name + '!';");
/** On top of `greetWrong`: right. */
export const mendWrong = edit(
  'src/greet.js',
  "  return 'Hello, ' + name + '!';",
  "  return name ? 'Hello, ' + name + '!' : 'Hello!';",
);
/** Right but for a bracket: in line 2, `)` is missing. */
export const greetBroken = edit(
  'src/greet.js',
  GREET,
  "export function greet(name) {\n  return name ? 'Hello, '.concat(name + '!' : 'Hello!';",
);
/** On top of `greetBroken`: right. */
export const mendBroken = edit(
  'src/greet.js',
  "  return name ? 'Hello, '.concat(name + '!' : 'Hello!';",
  "  return name ? 'Hello, '.concat(name + '!') : 'Hello!';",
);
/** On top of `greetByName`: a comment, so that a round changes something. */
export function remark(text: string): string {
  const line = "  return name ? 'Hello, ' + name + '!' : 'Hello!';";
  return edit('src/greet.js', line, `  // ${text}\n${line}`);
}

export const leaveByName = edit(
  'src/leave.js',
  "export function leave() {\n  return 'Goodbye!';",
  "export function leave(name) {\n  return name ? 'Goodbye, ' + name + '!' : 'Goodbye!';",
);

export const onGreet = { files: [{ path: 'src/greet.js', action: 'modify' as const }] };
export const onLeave = { files: [{ path: 'src/leave.js', action: 'modify' as const }] };
