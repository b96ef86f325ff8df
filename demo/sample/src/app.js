import { createSessions } from './auth/sessions.js';
import { requireUser } from './middleware/requireUser.js';
import { createRouter } from './router.js';
import { loginRoutes } from './routes/login.js';
import { orderRoutes } from './routes/orders.js';

/** The whole service, ready to listen. Each app has its own sessions and orders. */
export function createApp() {
  const app = createRouter();
  const sessions = createSessions();
  const { login, logout } = loginRoutes(sessions);
  const { listOrders, placeOrder } = orderRoutes();

  app.post('/login', login);
  app.post('/logout', logout);

  app.use(requireUser(sessions));
  app.get('/orders', listOrders);
  app.post('/orders', placeOrder);

  return app;
}
