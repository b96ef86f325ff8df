// Stands in for a database. The hashes are made by hashPassword in auth/passwords.js.
const users = [
  { name: 'ada', passwordHash: 'A9aLv52W3mBQY8xbQEupIA:fcLH68G4f6D5YEFq-NNS9p9JGk5YoIcgDMGDS1wnGrk' },
  { name: 'grace', passwordHash: 'I41aJ6a0GK5o9i6R-DeLGg:_Kpy6lEhgT8ds2ToE6KIY8MSWA_ZcUqpqxBUEJoKYKU' },
];

export function findUser(name) {
  return users.find((user) => user.name === name);
}
