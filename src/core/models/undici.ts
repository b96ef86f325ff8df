// Loaded by itself when it is needed: a package of CommonJS, as this one is, only has names there through a module of ours.
export { Agent, fetch } from 'undici';
