import type { Server, ServerOptions } from 'node:http'
import { createServer as createSocketServer, type Server as SocketServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { optionError } from '../validate.js'
import { type Address, shownAddress } from './address.js'

/** A token of 16 KiB must fit beside what proxies add. Node.js takes 16 KiB in all. */
const MAX_HEADER_BYTES = 32 * 1024
/** No limit but the bytes. Node.js drops what comes after the first thousand headers, and says nothing. */
const MAX_HEADERS = 0
/** Longer than proxies keep a connection (Caddy: two minutes): none sends into one that is closing. */
const KEEP_ALIVE_MS = 130_000
/** For the whole of a request with its body. */
const REQUEST_MS = 60_000
const LOOK_EVERY_MS = 25

/** What both listeners are made with. */
export const HTTP_OPTIONS: ServerOptions = {
  maxHeaderSize: MAX_HEADER_BYTES,
  keepAliveTimeout: KEEP_ALIVE_MS,
  requestTimeout: REQUEST_MS,
}

/** Answers what is not HTTP. Nothing of it is repeated. */
export function refuseMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const status = STATUS[error.code ?? ''] ?? '400 Bad Request'
  const headers = 'Connection: close\r\nContent-Length: 0\r\nCache-Control: no-store\r\n'
  socket.end(`HTTP/1.1 ${status}\r\n${headers}\r\n`, () => socket.destroy())
}

const STATUS: Readonly<Record<string, string | undefined>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

/** A server that listens. */
export interface Listener {
  /** Its address, with the port that a port 0 has become. */
  readonly address: Address
  /**
   * Stops listening, and waits for the requests under way. Connections without one are closed.
   *
   * @param graceMs - after this, all connections are cut
   */
  readonly drain: (graceMs: number) => Promise<void>
}

/**
 * Starts listening.
 *
 * @param option - the option that the address is of
 * @throws {RevocadeError} ERR_CONFIG when the address can't be listened on
 */
export async function listen(server: Server, { host, port }: Address, option: string): Promise<Listener> {
  server.maxHeadersCount = MAX_HEADERS
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await bind(server, { host, port }, option)
  const bound = server.address()
  const address = { host, port: typeof bound === 'object' && bound !== null ? bound.port : port }
  return { address, drain: (graceMs) => drain(server, sockets, graceMs) }
}

/**
 * Refuses addresses that can't be listened on, before a store is made. All are held at once, so that one
 * address given twice is refused too, and are free again afterwards.
 *
 * @param addresses - by the option that each is of
 * @throws {RevocadeError} ERR_CONFIG for the first that can't be listened on
 */
export async function requireFree(addresses: Readonly<Record<string, Address>>): Promise<void> {
  const held: SocketServer[] = []
  try {
    for (const [option, address] of Object.entries(addresses)) {
      // Whoever connects meanwhile tries again.
      const server = createSocketServer((socket) => socket.destroy())
      await bind(server, address, option)
      held.push(server)
    }
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))))
  }
}

const REASONS: Readonly<Record<string, string | undefined>> = {
  EADDRINUSE: 'which is in use already',
  EADDRNOTAVAIL: 'which is no address of this machine',
  EACCES: 'which this user may not listen on',
  ENOTFOUND: 'whose name is not known',
}

/** @throws {RevocadeError} ERR_CONFIG when the address can't be listened on */
async function bind(server: SocketServer, address: Address, option: string): Promise<void> {
  const flag = `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  await new Promise<void>((resolve, reject) => {
    const refuse = ({ code = 'no reason given' }: NodeJS.ErrnoException): void => {
      const why = REASONS[code] ?? "which can't be listened on"
      const problem = `(${flag}) is ${shownAddress(address)}, ${why} (${code}): give another one`
      reject(optionError(option, problem))
    }
    server.once('error', refuse)
    server.listen(address.port, address.host, () => {
      server.off('error', refuse)
      resolve()
    })
  })
}

async function drain(server: Server, sockets: ReadonlySet<Socket>, graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs
  const closed = new Promise<'closed'>((resolve) => server.close(() => resolve('closed')))
  // To Node.js, a connection on which nothing came yet is not idle.
  for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
  // A connection becomes idle when its answer is sent, and then its client may keep it.
  do {
    if (performance.now() < deadline) server.closeIdleConnections()
    else server.closeAllConnections()
  } while ((await Promise.race([closed, sleep(LOOK_EVERY_MS)])) !== 'closed')
}
