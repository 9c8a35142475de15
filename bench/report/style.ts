/**
 * How the report looks. The series' colours are those of Okabe and Ito, told apart by the colour-blind too, lightened for dark
 * and darkened for light backgrounds where they would be faint.
 */
export const STYLE = `
:root {
  --text: #1d2230; --muted: #5a6274; --line: #dfe3ea; --page: #ffffff; --pass: #1a7f37; --miss: #b3261e;
  --series-0: #0072b2; --series-1: #d55e00; --series-2: #009e73; --series-3: #b5578f; --series-4: #a37b00;
  --series-5: #3a9bd0; --series-6: #5b5bd6; --series-7: #6e7686; --series-8: #8c3b00; --series-9: #1d2230;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e6e9ef; --muted: #9aa3b5; --line: #333a48; --page: #14171d; --pass: #57d38c; --miss: #ff8a80;
    --series-0: #4fa8dc; --series-1: #f0843c; --series-2: #2fc79a; --series-3: #dd8fbe; --series-4: #dcb53c;
    --series-5: #9ad4f5; --series-6: #a3a3ff; --series-7: #aab2c2; --series-8: #d98a5b; --series-9: #ffffff;
  }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif }
main { max-width: 72rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.5rem; line-height: 1.25 }
h2 { font-size: 1.2rem; line-height: 1.3; margin: 2.5rem 0 .25rem; padding-top: 1rem; border-top: 1px solid var(--line) }
h3 { font-size: .95rem; margin: 0 0 .4rem }
p { margin: .5rem 0 }
a { color: var(--series-0) }
nav { display: flex; flex-wrap: wrap; gap: .25rem .9rem }
.muted, figcaption, small { color: var(--muted); font-size: .8rem }
small { display: block; font-weight: normal }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20.5rem), 1fr)); gap: 1.75rem 2rem; margin: 1.25rem 0 }
figure { margin: 0; min-width: 0 }
figure svg { display: block; width: 100%; max-width: 24rem; height: auto }
.scroll { overflow-x: auto; margin: .75rem 0 }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums }
th, td { padding: .3rem .75rem .3rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line) }
th[scope=row] { font-weight: 500; min-width: 11rem }
td, thead th + th { text-align: right; white-space: nowrap }
summary { cursor: pointer; color: var(--muted); font-size: .875rem }
.pass { color: var(--pass) }
.miss { color: var(--miss); font-weight: 600 }
`
