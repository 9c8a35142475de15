import fc from 'fast-check'

const failOver = fc.record({ do: fc.constant('failOver' as const), back: fc.integer({ min: 1, max: 12 }) })

/** @param failOvers - how often the store goes back to an earlier state, beside the other steps */
export const steps = (failOvers: number) =>
  fc.array(
    fc.oneof(
      { weight: failOvers, arbitrary: failOver },
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constantFrom('revoke' as const, 'unrevoke' as const, 'check' as const, 'check' as const),
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
export type Action = Exclude<Step, { do: 'wait' | 'deliver' | 'failOver' }>
