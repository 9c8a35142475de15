import { authorizationOf, type NodeRequest } from '../../http/index.js'
import type { Client, Clients } from '../credentials.js'
import { RequestError } from '../problem.js'
import { type Form, invalidRequest } from './form.js'

interface Pair {
  readonly id: string
  readonly secret: string
}

const BASIC = /^Basic +([\w+/-]+=*)$/i

/**
 * Finds the client of a request, by HTTP Basic or by `client_id` and `client_secret` in the form (RFC 6749,
 * section 2.3.1).
 *
 * @throws {RequestError} invalid_client, or invalid_request for both ways at once
 */
export function authenticate(request: NodeRequest, form: Form, clients: Clients): Client {
  const values = authorizationOf(request)
  const [id, secret] = [form.get('client_id'), form.get('client_secret')]
  if (values.length > 1) throw invalidRequest('there must be one header Authorization')
  const [value] = values
  if (value !== undefined && secret !== undefined)
    throw invalidRequest('the client must authenticate in one way')
  const readings = value === undefined ? inForm(id, secret) : inHeader(value)
  const client = clients.find(readings)
  if (client === undefined) throw invalidClient()
  // A client that names itself in the form too must be the same one.
  if (id !== undefined && id !== client.id) throw invalidClient()
  return client
}

function inForm(id: string | undefined, secret: string | undefined): readonly Pair[] {
  return id === undefined || secret === undefined ? [] : [{ id, secret }]
}

/**
 * Both readings of the header: encoded as a form, as RFC 6749 demands, and as it stands, as many clients send
 * it.
 */
function inHeader(value: string): readonly Pair[] {
  const [, base64] = BASIC.exec(value) ?? []
  if (base64 === undefined) return []
  const text = Buffer.from(base64, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0) return []
  const raw = { id: text.slice(0, colon), secret: text.slice(colon + 1) }
  return [{ id: decoded(raw.id), secret: decoded(raw.secret) }, raw]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

const invalidClient = (): RequestError =>
  new RequestError(401, 'invalid_client', 'the credentials of the client are missing or wrong', {
    'WWW-Authenticate': 'Basic realm="revocade", charset="UTF-8"',
  })
