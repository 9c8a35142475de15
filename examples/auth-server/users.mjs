// Users, in an SQLite file of their own. Put your database in its place.
import { randomUUID } from 'node:crypto'
import Database from 'better-sqlite3'

/** What each role may do. */
const PERMISSIONS = {
  member: ['notes:read', 'notes:write'],
  admin: ['notes:read', 'notes:write', 'users:read', 'users:write'],
}
export const ROLES = Object.keys(PERMISSIONS)

export function openUsers(file) {
  const db = new Database(file)
  db.pragma('journal_mode = WAL')
  db.exec(`CREATE TABLE IF NOT EXISTS users (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL,
    role TEXT NOT NULL
  ) STRICT`)
  const byName = db.prepare('SELECT * FROM users WHERE name = ?')
  const byId = db.prepare('SELECT * FROM users WHERE id = ?')
  // The first user is the administrator. One statement, so that there are not two of them.
  const insert = db.prepare(`INSERT INTO users (id, name, password, role)
    VALUES (?, ?, ?, CASE WHEN EXISTS (SELECT 1 FROM users) THEN 'member' ELSE 'admin' END)
    ON CONFLICT (name) DO NOTHING`)
  const setPassword = db.prepare('UPDATE users SET password = ? WHERE id = ? AND password = ?')
  const setRole = db.prepare('UPDATE users SET role = ? WHERE id = ?')

  return {
    byName: (name) => byName.get(name),
    byId: (id) => byId.get(id),
    list: () => db.prepare('SELECT name, role FROM users ORDER BY name').all(),
    /** The user, or undefined if the name is taken. */
    add(name, password) {
      return insert.run(randomUUID(), name, password).changes === 1 ? byName.get(name) : undefined
    },
    /** False if the password is no longer the one that was checked. */
    changePassword: (user, password) => setPassword.run(password, user.id, user.password).changes === 1,
    changeRole: (user, role) => setRole.run(role, user.id),
    permissionsOf: (id) => PERMISSIONS[byId.get(id)?.role] ?? [],
    close: () => db.close(),
  }
}
