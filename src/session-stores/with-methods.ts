import { RevocadeError } from '../errors.js'

/**
 * An object that has some methods in place of the target's own. Everything else is the target's: other
 * methods are called on it, and properties are written to it.
 */
export function withMethods<T extends object>(
  target: T,
  methods: ReadonlyMap<PropertyKey, (...args: never[]) => unknown>,
): T {
  const bound = new WeakMap<object, unknown>()
  const get = (_: T, name: PropertyKey): unknown => {
    const replaced = methods.get(name)
    if (replaced !== undefined) return replaced
    const value: unknown = Reflect.get(target, name)
    if (!isFunction(value)) return value
    // A class with private fields has methods that work on no other object.
    const known = bound.get(value)
    if (known !== undefined) return known
    const made: unknown = value.bind(target)
    bound.set(value, made)
    return made
  }
  // Not a proxy of the target itself: it may be frozen, and a proxy can't answer otherwise than that.
  const shell = Object.create(Object.getPrototypeOf(target) as object | null) as T
  return new Proxy(shell, {
    get,
    has: (_, name) => Reflect.has(target, name),
    set: (_, name, value) => Reflect.set(target, name, value),
  })
}

/** @throws {RevocadeError} ERR_CONFIG when one of the methods is missing */
export function requireMethods(target: unknown, names: readonly string[], what: string): void {
  for (const name of names)
    if (typeof target !== 'object' || target === null || !isFunction(Reflect.get(target, name)))
      throw new RevocadeError('ERR_CONFIG', `${what} must have the method '${name}'`)
}

const isFunction = (value: unknown): value is (...args: unknown[]) => unknown => typeof value === 'function'
