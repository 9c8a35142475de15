// The types of playwright-core name these. The tests run in Node.js and pass what runs in a page as text.
interface Node {
  readonly nodeType: number
}
interface HTMLElement extends Node {
  readonly hidden: boolean
}
interface SVGElement extends Node {
  readonly ownerSVGElement: unknown
}
interface HTMLElementTagNameMap {
  readonly a: HTMLElement
}
