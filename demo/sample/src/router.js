import { createServer } from 'node:http';

const BODY_LIMIT = 64 * 1024;

/** The part of Express that this service needs: `use`, `get`, `post`, `listen`, and handlers `(req, res, next)`. */
export function createRouter() {
  const layers = [];

  async function respond(req, res) {
    addHelpers(req, res);
    const [path] = req.url.split('?');
    const handlers = layers
      .filter((layer) => [undefined, req.method].includes(layer.method) && [undefined, path].includes(layer.path))
      .map((layer) => layer.handler);
    const run = (index) => {
      const handler = handlers[index] ?? notFound;
      return handler(req, res, () => run(index + 1));
    };
    try {
      req.body = await readJson(req);
      await run(0);
    } catch (error) {
      if (!error.status) console.error(error);
      res.status(error.status ?? 500).json({ error: error.status ? error.message : 'Something went wrong.' });
    }
  }

  return {
    use: (handler) => layers.push({ handler }),
    get: (path, handler) => layers.push({ method: 'GET', path, handler }),
    post: (path, handler) => layers.push({ method: 'POST', path, handler }),
    listen: (...args) => createServer(respond).listen(...args),
  };
}

function addHelpers(req, res) {
  const pairs = (req.headers.cookie ?? '').split('; ').map((pair) => pair.split('='));
  req.cookies = Object.fromEntries(pairs);

  res.status = (code) => {
    res.statusCode = code;
    return res;
  };
  res.json = (value) => res.setHeader('Content-Type', 'application/json').end(JSON.stringify(value));
  /** `maxAge` is in seconds; 0 removes the cookie. */
  res.cookie = (name, value, { maxAge }) =>
    res.appendHeader('Set-Cookie', `${name}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAge}`);
}

async function readJson(req) {
  let text = '';
  for await (const chunk of req.setEncoding('utf8')) {
    text += chunk;
    if (text.length > BODY_LIMIT) throw httpError(413, 'The body is too large.');
  }
  try {
    return Object(JSON.parse(text || '{}'));
  } catch {
    throw httpError(400, 'The body is not JSON.');
  }
}

function httpError(status, message) {
  return Object.assign(new Error(message), { status });
}

function notFound(_req, res) {
  res.status(404).json({ error: 'Not found.' });
}
