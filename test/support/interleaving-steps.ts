import fc from 'fast-check'

const failOver = fc.record({ do: fc.constant('failOver' as const), back: fc.integer({ min: 1, max: 12 }) })

const cut = fc.record({ do: fc.constant('cut' as const), engine: fc.nat(1), swallows: fc.boolean() })

/**
 * @param failOvers - how often the store goes back to an earlier state, beside the other steps
 * @param cuts - how often an engine loses its connections, and perhaps what was on its way
 */
export const steps = (failOvers: number, cuts = 0) =>
  fc.array(
    fc.oneof(
      { weight: failOvers, arbitrary: failOver },
      { weight: cuts, arbitrary: cut },
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constantFrom('revoke' as const, 'unrevoke' as const, 'check' as const, 'ask' as const),
          engine: fc.nat(1),
          token: fc.nat(2),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          do: fc.constantFrom('revokeWhere' as const, 'unrevokeWhere' as const),
          engine: fc.nat(1),
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constantFrom('poll' as const, 'poll' as const, 'rebuild' as const),
          engine: fc.nat(1),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 120 }) }),
      },
      {
        weight: 8,
        arbitrary: fc.record({
          do: fc.constant('deliver' as const),
          messages: fc.constantFrom(1, 2, 3, 5, 100),
        }),
      },
    ),
    { minLength: 10, maxLength: 80, size: 'max' },
  )

/** A step of a plan. */
export type Step = ReturnType<typeof steps> extends fc.Arbitrary<(infer One)[]> ? One : never
/** A step that an engine takes. */
export type Action = Exclude<Step, { do: 'wait' | 'deliver' | 'failOver' | 'cut' }>

/** One call after the other, as the engine makes them. */
export function oneByOne<In, Out>(call: (input: In) => Promise<Out>): (input: In) => Promise<Out> {
  let last: Promise<unknown> = Promise.resolve()
  return (input) => {
    const next = last.then(() => call(input))
    last = next.catch(() => undefined)
    return next
  }
}

/** Does the work, unless this engine is at it already. */
export async function only(busy: boolean[], engine: number, work: () => Promise<unknown>): Promise<void> {
  if (busy[engine]) return
  busy[engine] = true
  await work().finally(() => (busy[engine] = false))
}
