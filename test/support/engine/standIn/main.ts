/** What runs in a stand-in container: the command line tells whether it is Redis, a model server, or what their health checks run. */
import { curl } from './curl.ts';
import { python3 } from './python.ts';
import { redisPing, serveRedis } from './redis.ts';
import { serveModel } from './vllm.ts';

const args = process.argv.slice(2);
if (args[0] === 'redis-cli') redisPing(args.slice(1));
else if (args[0] === 'curl') void curl(args.slice(1));
else if (args[0] === 'python3') python3(args.slice(1));
else if (args[0] === 'redis-server') serveRedis(args.slice(1));
else serveModel(args[0] === 'vllm' && args[1] === 'serve' ? args.slice(2) : args);
