/** A count with its noun: `1 line`, `2 lines`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** The verb that goes with a count. */
export const isOrAre = (count: number): 'is' | 'are' => (count === 1 ? 'is' : 'are')
