/** How much slower than at the calibration the machine is: what checks of the calibration take now ÷ what they took then. Null: there was none. */
export type Pace = number | null

/** How far from the calibration's pace is worth a word. */
const STEADY = 1.2

/** How many times faster or slower. */
export const offPace = (pace: Pace): number => (pace === null ? 1 : Math.max(pace, 1 / pace))

export const isSteady = (pace: Pace): boolean => offPace(pace) < STEADY
