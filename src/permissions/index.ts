import '../require-node.js'

export {
  createPermissions,
  type InvalidateOptions,
  type Permissions,
  type PermissionsStats,
} from './permissions.js'
export type { LoadContext, PermissionsOptions } from './options.js'
export type { InvalidationReceipt } from '../receipt.js'
