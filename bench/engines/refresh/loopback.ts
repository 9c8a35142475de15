import { createServer, type RequestListener, type Server } from 'node:http'

/** An HTTP server on loopback, at the port that it is given or at any. */
export async function listening(handler: RequestListener, port = 0): Promise<Server> {
  const server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return server
}

/** Ends a server and its connections. */
export async function close(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}
