import '../require-node.js'

export {
  type AnyRequest,
  Authenticated,
  type AuthenticatedDecorator,
  type AuthenticatedOptions,
} from './authenticated.js'
export { TokenManager } from './manager.js'
