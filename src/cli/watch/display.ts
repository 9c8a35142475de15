import { printable } from '../errors.js'
import { chance, percent, perSecond, shortDuration, whole } from '../output/format-numbers.js'
import { LAYERS } from '../output/layer-counts.js'
import { writeJson, writeLine } from '../output/print.js'
import { leaseText } from './engine-table.js'
import type { Frame } from './rates.js'
import { Screen } from './screen.js'
import { view, type ViewOptions } from './view.js'

/** Shows frames in one form. */
export interface Display {
  show(frame: Frame): Promise<void>
  close(): void
}

/** Frames kept for the charts: about as many as a wide terminal has columns. */
const HISTORY = 300

/** Prints each frame as a line of JSON, except the first, which has no rates. */
export function jsonDisplay(): Display {
  return {
    show: (frame) => (frame.seconds === null ? Promise.resolve() : writeJson(frame)),
    close: () => undefined,
  }
}

/** Prints one line a frame, for outputs that are not terminals. */
export function lineDisplay(): Display {
  return {
    show: (frame) => (frame.seconds === null ? Promise.resolve() : writeLine(lineOf(frame))),
    close: () => undefined,
  }
}

/** Prints the view once, as text that stays. */
export function onceDisplay(options: Pick<ViewOptions, 'store' | 'intervalMs'>): Display {
  const size = { width: process.stdout.columns > 0 ? process.stdout.columns : 80, height: Infinity }
  // Without the last line, which says how to end the command.
  return {
    show: (frame) =>
      frame.seconds === null
        ? Promise.resolve()
        : writeLine(
            view([frame], { ...options, ...size })
              .slice(0, -2)
              .join('\n'),
          ),
    close: () => undefined,
  }
}

/** Redraws the view in place. */
export function screenDisplay(
  options: Pick<ViewOptions, 'store' | 'intervalMs'>,
  onQuit: () => void,
): Display {
  const frames: Frame[] = []
  const draw = (): void => screen.draw(view(frames, { ...options, ...screen.size }))
  const screen = new Screen({ onQuit, onRedraw: draw })
  return {
    show(frame) {
      frames.push(frame)
      if (frames.length > HISTORY) frames.shift()
      draw()
      return Promise.resolve()
    },
    close: () => screen.close(),
  }
}

function lineOf({ time, seq, revocationsPerSecond, redis, total }: Frame): string {
  const { shares } = total
  return [
    `${time.slice(0, 19)}Z`,
    `engines ${whole(total.engines)}`,
    `checks/s ${perSecond(total.checksPerSecond)}`,
    ...LAYERS.map((layer) => `${layer} ${percent(shares === null ? null : shares[layer])}`),
    `revocations/s ${perSecond(revocationsPerSecond)}`,
    `seq ${whole(seq)}`,
    `lease ${leaseText(total)}`,
    `false + ${chance(total.measuredFalsePositiveRate)}`,
    ...(redis === null
      ? []
      : [
          `queue ${whole(total.queued)}`,
          redis.state === 'ready'
            ? `redis ready ${shortDuration(redis.roundTripMs)}`
            : `redis unavailable: ${printable(redis.why ?? '')}`,
        ]),
  ].join('  ')
}
