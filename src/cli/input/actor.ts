import { userInfo } from 'node:os'

/** Who runs the command: what a revocation names as its actor by default. */
export function operatingSystemUser(): string {
  try {
    return userInfo().username
  } catch {
    // A container may run under a user number without a name.
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
