import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { createApp } from '../src/app.js';

let server;
let url;

before(async () => {
  server = createApp().listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${server.address().port}`;
});

after(() => {
  server.close();
  server.closeAllConnections();
});

test('a login with the right password sets a cookie', async () => {
  const response = await post('/login', { name: 'ada', password: 'analytical engine' });

  assert.equal(response.status, 200);
  assert.match(response.headers.get('set-cookie'), /^sid=[\w-]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=86400$/);
});

test('a login with a wrong password or an unknown name gives 401 and no cookie', async () => {
  for (const name of ['ada', 'nobody']) {
    const response = await post('/login', { name, password: 'difference engine' });

    assert.equal(response.status, 401);
    assert.equal(response.headers.get('set-cookie'), null);
  }
});

test('orders need a user', async () => {
  assert.equal((await get('/orders')).status, 401);
  assert.equal((await get('/orders', 'sid=made-up')).status, 401);
  assert.equal((await post('/orders', { item: 'tea', quantity: 1 })).status, 401);
});

test('a user places orders and sees only their own', async () => {
  const ada = await login('ada', 'analytical engine');
  const grace = await login('grace', 'nanosecond');

  assert.equal((await post('/orders', { item: 'punch cards', quantity: 100 }, ada)).status, 201);
  assert.equal((await post('/orders', { item: 'wire', quantity: 0 }, grace)).status, 400);

  assert.deepEqual(await (await get('/orders', ada)).json(), [
    { id: 1, user: 'ada', item: 'punch cards', quantity: 100 },
  ]);
  assert.deepEqual(await (await get('/orders', grace)).json(), []);
});

test('a logout ends the session', async () => {
  const cookie = await login('ada', 'analytical engine');
  const response = await post('/logout', {}, cookie);

  assert.equal(response.status, 204);
  assert.match(response.headers.get('set-cookie'), /^sid=;.* Max-Age=0$/);
  assert.equal((await get('/orders', cookie)).status, 401);
});

async function login(name, password) {
  const response = await post('/login', { name, password });
  return response.headers.get('set-cookie').split(';')[0];
}

function get(path, cookie = '') {
  return fetch(url + path, { headers: { cookie } });
}

function post(path, body, cookie = '') {
  return fetch(url + path, { method: 'POST', headers: { cookie }, body: JSON.stringify(body) });
}
