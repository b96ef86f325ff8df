/**
 * For `node --require`: writes down every attempt of this process to connect, to look up a name or to send a datagram,
 * as a line of JSON in the file that CONCLAVE_TEST_CONNECTIONS names, and first of all that it watches this process.
 * Children that are Node processes inherit it with NODE_OPTIONS.
 */
const { appendFileSync } = require('node:fs');
const { syncBuiltinESMExports } = require('node:module');
const dgram = require('node:dgram');
const dns = require('node:dns');
const net = require('node:net');

const file = process.env.CONCLAVE_TEST_CONNECTIONS;

function record(kind, to) {
  const { pid, argv } = process;
  appendFileSync(file, `${JSON.stringify({ kind, to, pid, program: argv.slice(1, 3).join(' ') })}\n`);
}

/** Records a call, where it has a destination, and then makes it. */
function watch(object, name, kind, destinationOf) {
  const original = object[name];
  if (typeof original !== 'function') return;
  object[name] = function (...args) {
    const to = destinationOf(args);
    if (to !== undefined) record(kind, to);
    return original.apply(this, args);
  };
}

/** connect(port, host), connect(path), connect(options), or what net has made of one of them already. */
function destination(args) {
  const [first, second] = Array.isArray(args[0]) ? args[0] : args;
  if (typeof first === 'object' && first !== null) {
    return first.path ?? `${first.host ?? 'localhost'}:${first.port}`;
  }
  return Number.isNaN(Number(first)) ? String(first) : `${typeof second === 'string' ? second : 'localhost'}:${first}`;
}

/** send(message, [offset, length,] [port,] [address,] [callback]) */
function recipient([, ...args]) {
  const port = args.findLast((arg) => typeof arg === 'number');
  return `${args.find((arg) => typeof arg === 'string') ?? 'localhost'}:${port}`;
}

record('process', '');
watch(net.Socket.prototype, 'connect', 'connect', destination);
watch(dgram.Socket.prototype, 'connect', 'datagram', destination);
watch(dgram.Socket.prototype, 'send', 'datagram', recipient);
for (const resolver of [dns, dns.promises, dns.Resolver.prototype, dns.promises.Resolver.prototype]) {
  for (const name of Object.getOwnPropertyNames(resolver).filter((name) => /^(lookup|resolve|reverse)/.test(name))) {
    // For an address nobody is asked.
    watch(resolver, name, 'name', ([host]) => (name === 'lookup' && net.isIP(host) !== 0 ? undefined : String(host)));
  }
}
syncBuiltinESMExports();
