// Runs the recipe of docs/adapters/apollo.md.
import { judge } from './recipe.mjs'

const query = (text) => ({
  path: '/',
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ query: text }),
})
await judge({ me: query('{ me }'), logout: query('mutation { logout }') })
