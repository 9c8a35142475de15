import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Answer } from '../http/index.js'
import type { Logger } from '../ports/index.js'
import { HTTP_OPTIONS, refuseMalformed } from './http-server.js'
import type { Readiness } from './readiness.js'
import type { Ask } from './token-sources.js'

/** What the listener for proxies is made of. */
export interface CheckServerParts {
  readonly ask: Ask
  readonly readiness: Readiness
  readonly logger: Logger
}

/** The listener for proxies, and how often it gave which status. */
export interface CheckServer {
  readonly server: Server
  readonly answers: ReadonlyMap<number, number>
}

const EMPTY = { 'Cache-Control': 'no-store', 'Content-Length': '0' }
const UNDECIDED: Answer = { status: 503, headers: { ...EMPTY, 'Retry-After': '1' } }

/**
 * The listener for proxies: `/check` and `/policy/NAME/check` with any method, `/livez`, `/readyz`. It stands
 * on `node:http` alone: a framework would look at methods, paths and bodies, which here change nothing.
 */
export function createCheckServer({ ask, readiness, logger }: CheckServerParts): CheckServer {
  const answers = new Map<number, number>()
  const send = (request: IncomingMessage, response: ServerResponse, { status, headers }: Answer): void => {
    answers.set(status, (answers.get(status) ?? 0) + 1)
    // A body is not read, and may never come: then the next request would be taken for it.
    if (readiness.draining || hasBody(request)) response.shouldKeepAlive = false
    response.writeHead(status, headers).end()
  }
  const undecided = (error: unknown): Answer => {
    logger.error({ err: error }, 'a request could not be decided: the set-up is wrong')
    return UNDECIDED
  }
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    let answer: ReturnType<Ask>
    try {
      answer = ask(request)
    } catch (error) {
      answer = undecided(error)
    }
    if (answer === undefined) void probe(request, response, readiness)
    else if (answer instanceof Promise)
      void answer.catch(undecided).then((given) => send(request, response, given))
    else send(request, response, answer)
  }
  const server = createServer(HTTP_OPTIONS, handle)
  // Clients that wait before they send a body get their answer at once.
  server.on('checkContinue', handle).on('checkExpectation', handle)
  server.on('clientError', refuseMalformed)
  return { server, answers }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0
}

async function probe(
  request: IncomingMessage,
  response: ServerResponse,
  readiness: Readiness,
): Promise<void> {
  const reads = request.method === 'GET' || request.method === 'HEAD'
  const [path] = (request.url ?? '').split('?')
  if (hasBody(request)) response.shouldKeepAlive = false
  if (!reads || (path !== '/livez' && path !== '/readyz')) {
    response.writeHead(404, EMPTY).end()
    return
  }
  const problem = path === '/livez' ? undefined : await readiness.problem()
  const text = problem ?? 'ok'
  response
    .writeHead(problem === undefined ? 200 : 503, {
      'Cache-Control': 'no-store',
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': String(Buffer.byteLength(text) + 1),
    })
    .end(`${text}\n`)
}
