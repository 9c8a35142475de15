import type { Mistake } from './plant.js'

/** Mistakes that are made in one copy of the build, by their numbers. */
export type Group = readonly number[]

/**
 * The titles of the tests that must fail; none where any test of the file may say what breaks.
 */
export const titlesOf = ({ breaks: { source } }: Pick<Mistake, 'breaks'>): readonly string[] =>
  source.startsWith('×') ? source.split('[^]*').map((title) => title.replace('× ', '')) : []

/**
 * Divides mistakes so that few copies are tested: those of one group are caught by different tests of one
 * file, and stand in different declarations. A test may then fail because of another mistake of its group.
 * That is found out where each is made alone, as the long run does.
 */
export function grouped(mistakes: readonly Mistake[], numbers: readonly number[]): Group[] {
  const groups: number[][] = []
  for (const number of numbers) {
    const one = mistakes[number]
    const group = groups.find((others) => others.every((other) => mayShare(one, mistakes[other])))
    if (group === undefined) groups.push([number])
    else group.push(number)
  }
  return groups
}

function mayShare(one: Mistake | undefined, other: Mistake | undefined): boolean {
  if (one === undefined || other === undefined || one.caughtBy !== other.caughtBy) return false
  if (one.file === other.file && one.within === other.within) return false
  const [titles, others] = [titlesOf(one), titlesOf(other)]
  return titles.length > 0 && others.length > 0 && !titles.some((title) => others.includes(title))
}

export const nameOf = (group: Group): string => group.join('+')

/** Reads {@link nameOf}. */
export const groupOf = (name: string): Group => name.split('+').map(Number)
