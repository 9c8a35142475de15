import { RevocadeError, type RevocadeErrorCode } from '../errors.js'
import { redact } from '../redact.js'

/** Problem details (RFC 9457) of an answer of the API. */
export interface ApiProblem {
  /** `urn:revocade:` and a stable name. */
  readonly type: string
  readonly title: string
  readonly status: number
  /** A code of `RevocadeError`, where the engine refused. */
  readonly code?: RevocadeErrorCode
  /** The first lines of a bulk request that could not be used. */
  readonly problems?: unknown
}

/** A failure of a request, with the status and the headers of its answer. The message is shown to clients. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly statusCode: number
  /** Stable: the end of a problem's type, or the `error` of OAuth. */
  readonly problem: string
  readonly headers: Readonly<Record<string, string>>
  readonly details: Pick<ApiProblem, 'problems'>

  // eslint-disable-next-line max-params -- the last two are rare
  constructor(
    statusCode: number,
    problem: string,
    message: string,
    headers: Readonly<Record<string, string>> = {},
    details: Pick<ApiProblem, 'problems'> = {},
  ) {
    super(redact(message))
    this.statusCode = statusCode
    this.problem = problem
    this.headers = headers
    this.details = details
  }
}

/** What clients of a server that can't answer at the moment are told. */
export const RETRY_AFTER = { 'Retry-After': '1' } as const

/**
 * What to answer to anything that a handler threw. Messages of others than our own errors are not shown: they
 * may quote the request.
 */
export function asRequestError(error: unknown): RequestError {
  if (error instanceof RequestError) return error
  if (error instanceof RevocadeError) return ofEngine(error)
  const status = statusOf(error)
  if (status === 413) return new RequestError(413, 'too-large', 'the body is too large')
  if (status === 415) return new RequestError(415, 'media-type', 'the body has a type that is not read here')
  if (status === 503) return new RequestError(503, 'unavailable', 'the server is about to end', RETRY_AFTER)
  if (isBadJson(error)) return new RequestError(400, 'invalid-json', NOT_JSON)
  if (status >= 400 && status < 500)
    return new RequestError(400, 'invalid-request', `the request is not valid${placeOf(error)}`)
  return new RequestError(500, 'internal', 'the request failed: see the log of the server')
}

/** The body of a problem. */
export function problemOf(error: RequestError, cause: unknown): ApiProblem {
  const { problem, message, statusCode, details } = error
  const code = cause instanceof RevocadeError ? { code: cause.code } : {}
  return { type: `urn:revocade:${problem}`, title: message, status: statusCode, ...code, ...details }
}

/** In a request, a wrong argument is a mistake of whoever sent it. */
function ofEngine({ code, message, statusCode }: RevocadeError): RequestError {
  const status = code === 'ERR_CONFIG' ? 400 : statusCode
  const problem = code.slice('ERR_'.length).toLowerCase().replaceAll('_', '-')
  if (status < 500) return new RequestError(status, problem, message)
  const title =
    status === 503 ? 'not possible at the moment: try again' : 'the store has a fault: see the log'
  return new RequestError(status, problem, title, status === 503 ? RETRY_AFTER : {})
}

const NOT_JSON =
  'the body is not valid JSON. Several revocations, one for each line, have the type application/x-ndjson'

/** Fastify has a code for it since 5.3; before, it is the error of the parser. */
const isBadJson = (error: unknown): boolean =>
  error instanceof SyntaxError ||
  (error instanceof Error &&
    'code' in error &&
    /^FST_ERR_CTP_(?:EMPTY|INVALID)_JSON/.test(String(error.code)))

function statusOf(error: unknown): number {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return 500
  return typeof error.statusCode === 'number' ? error.statusCode : 500
}

/** Where a schema was not met: a path in the body or the query, and a rule. Neither repeats a value. */
function placeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('validation' in error)) return ''
  const list: unknown[] = Array.isArray(error.validation) ? error.validation : []
  const [first] = list
  if (typeof first !== 'object' || first === null || !('message' in first)) return ''
  const place = 'instancePath' in first ? String(first.instancePath).slice(1, 100) : ''
  const { allowedValues } = { ...('params' in first ? Object(first.params) : {}) } as Record<string, unknown>
  const allowed = Array.isArray(allowedValues) ? `: ${allowedValues.join(', ')}` : ''
  return `: ${place === '' ? '' : `'${place}' `}${String(first.message)}${allowed}`
}
