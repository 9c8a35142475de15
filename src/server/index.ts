export type { AdminOption, ClientOption } from './credentials.js'
export { SERVER_OPTION_NAMES, type ServerOptions } from './options.js'
export { type RunningServer, startServer } from './start.js'
