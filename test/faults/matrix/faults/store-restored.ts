import { everywhere, type Fault, losing } from '../fault.js'

export const storeRestored: Fault = {
  name: 'an older copy takes the place of the store',
  appliesTo: everywhere,
  inject({ store }) {
    return store.backup()
  },
  lastsMs: [100, 2000],
  expected: losing,
}
