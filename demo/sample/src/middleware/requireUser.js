/** Lets a request pass only with a live session, and sets `req.user` to the user's name. */
export function requireUser(sessions) {
  return (req, res, next) => {
    const session = sessions.find(req.cookies.sid);
    if (!session) return res.status(401).json({ error: 'Please log in.' });

    req.user = session.userName;
    return next();
  };
}
