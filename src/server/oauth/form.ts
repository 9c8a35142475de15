import type { FastifyInstance } from 'fastify'
import { RequestError } from '../problem.js'

/** The parameters of a form, each of which stands there once (RFC 6749, section 3.2). */
export type Form = ReadonlyMap<string, string>

const TYPE = 'application/x-www-form-urlencoded'

/** Has an app read forms, and nothing else. */
export function readForms(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<string>(TYPE, { parseAs: 'string' }, (_request, body, done) => {
    done(null, new URLSearchParams(body))
  })
}

/**
 * The form of a request.
 *
 * @throws {RequestError} invalid_request when there is none, or a parameter stands there twice
 */
export function formOf(body: unknown): Form {
  if (!(body instanceof URLSearchParams)) throw invalidRequest(`the body must be ${TYPE}`)
  const form = new Map<string, string>()
  for (const [name, value] of body) {
    if (form.has(name)) throw invalidRequest('a parameter is given twice')
    // Without a value, a parameter counts as left out.
    if (value !== '') form.set(name, value)
  }
  return form
}

/** The parameter `token`. @throws {RequestError} invalid_request when it is missing */
export function tokenOf(form: Form): string {
  const token = form.get('token')
  if (token === undefined) throw invalidRequest("the parameter 'token' is missing")
  return token
}

/** An `invalid_request` of OAuth, with status 400. */
export const invalidRequest = (message: string): RequestError =>
  new RequestError(400, 'invalid_request', message)
