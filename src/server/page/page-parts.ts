import type { AdminParts } from '../admin-parts.js'
import type { Guard } from './guard.js'

/** What the routes of the page need. */
export interface PageParts extends AdminParts {
  readonly guard: Guard
}
