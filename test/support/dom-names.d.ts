// The types of playwright-core name these. The tests run in Node.js and pass what runs in a page as text.
interface Node {}
interface HTMLElement extends Node {}
interface SVGElement extends Node {}
interface HTMLElementTagNameMap {}
