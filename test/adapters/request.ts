import { request } from 'node:http'

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** The claims that the handler or error handler saw. */
  readonly claims: unknown
}

/** One request of a client that sends the header `Authorization` once for each value. */
export function send(
  port: number,
  path: string,
  { authorization = [], method = 'GET', headers = {} }: Partial<Sent> = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, method, headers }
    const sent = request(options, (got) => {
      let text = ''
      got.setEncoding('utf8')
      got.on('data', (chunk: string) => (text += chunk))
      got.on('error', reject)
      got.on('end', () => {
        resolve({ status: got.statusCode ?? 0, headers: got.headers, text, claims: claimsIn(text) })
      })
    })
    if (authorization.length > 0) sent.setHeader('authorization', authorization)
    sent.on('error', reject)
    sent.end()
  })
}

export interface Sent {
  readonly authorization: readonly string[]
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
}

function claimsIn(text: string): unknown {
  try {
    return (JSON.parse(text) as { claims?: unknown }).claims
  } catch {
    return undefined
  }
}
