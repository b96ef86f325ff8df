/** Orders in memory; every user sees only their own. Needs `requireUser` before it. */
export function orderRoutes() {
  const orders = [];

  function listOrders(req, res) {
    res.json(orders.filter((order) => order.user === req.user));
  }

  function placeOrder(req, res) {
    const { item, quantity } = req.body;
    if (typeof item !== 'string' || item === '' || !Number.isInteger(quantity) || quantity < 1) {
      return res.status(400).json({ error: 'An order needs an item and a whole quantity of at least 1.' });
    }
    const order = { id: orders.length + 1, user: req.user, item, quantity };
    orders.push(order);
    res.status(201).json(order);
  }

  return { listOrders, placeOrder };
}
