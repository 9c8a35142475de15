export { RevocadeError, type RevocadeErrorCode } from './errors.js'
