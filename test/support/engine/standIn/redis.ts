import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';

const PORT = Number(process.env.STAND_IN_PORT ?? 6379);

/** As much of redis-server as its health check sees: AUTH and PING. @param args its configuration file */
export function serveRedis([file = '']: readonly string[]): void {
  const password = /^requirepass "(.*)"$/m.exec(readFileSync(file, 'utf8'))?.[1];
  const server = createServer((socket) => {
    let isKnown = password === undefined || password === '';
    socket.on('error', () => socket.destroy());
    socket.setEncoding('utf8').on('data', (text: string) => {
      // Inline commands; those of a client come as arrays, whose words stand on every second line.
      for (const line of text.split('\r\n')) {
        const [command, word] = line.split(' ');
        if (command?.toUpperCase() === 'AUTH') {
          isKnown = word === password;
          socket.write(isKnown ? '+OK\r\n' : '-WRONGPASS invalid username-password pair or user is disabled.\r\n');
        } else if (command?.toUpperCase() === 'PING') {
          socket.write(isKnown ? '+PONG\r\n' : '-NOAUTH Authentication required.\r\n');
        }
      }
    });
  });
  server.listen(PORT, '127.0.0.1', () => console.log(`1:M * Ready to accept connections tcp`));
  process.on('SIGTERM', () => process.exit(0));
}

/** As much of redis-cli as a health check uses: `redis-cli [-a PASSWORD] ping`, or with the password in REDISCLI_AUTH. */
export function redisPing(args: readonly string[]): void {
  const password = argumentOf(args, '-a') ?? process.env.REDISCLI_AUTH;
  const socket = connect(PORT, '127.0.0.1');
  socket.setEncoding('utf8');
  socket.write(`${password ? `AUTH ${password}\r\n` : ''}PING\r\n`);
  let said = '';
  socket.on('data', (text: string) => {
    said += text;
    if (said.split('\r\n').length <= (password ? 2 : 1)) return;
    const answer = said.trim().split('\r\n').at(-1) ?? '';
    console.log(answer.replace(/^[+-]/, ''));
    process.exit(answer === '+PONG' ? 0 : 1);
  });
  socket.on('error', () => {
    console.log(`Could not connect to Redis at 127.0.0.1:${PORT}: Connection refused`);
    process.exit(1);
  });
}

function argumentOf(args: readonly string[], name: string): string | undefined {
  const at = args.indexOf(name);
  return at === -1 ? undefined : args[at + 1];
}
