import type { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import type { Form } from '../oauth/form.js'
import type { Html } from './html.js'
import type { Login } from './logins.js'

/** A page, a file, or where to go instead. */
export type View =
  | {
      readonly title: string
      readonly body: Html
      /** @default 200 */
      readonly status?: number
      /** Relative to `/ui/`. */
      readonly script?: string
    }
  | {
      readonly download: Readable
      readonly type: string
      readonly fileName: string
    }
  | {
      /** Relative to `/ui/`. */
      readonly goTo: string
    }

/** A request of somebody who has logged in. */
export interface Visit {
  readonly login: Login
  readonly request: FastifyRequest
  /** Milliseconds since 1970. */
  readonly now: number
  /** Empty for what is only read. */
  readonly form: Form
}

/** The field that every form has. */
export const CSRF_FIELD = 'csrf'
