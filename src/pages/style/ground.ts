/** Colours, type and the elements as they are without a class. Text has a contrast of 4.5:1 at the least, edges of 3:1. */
export const ground = `
:root {
  color-scheme: light dark;
  --page: #f3f5f4; --card: #ffffff; --sunken: #f5f8f7;
  --text: #17211f; --quiet: #53615e; --line: #d7dfdc; --edge: #7f8f8b;
  --accent: #0b6b60; --accent-strong: #08544b; --on-accent: #ffffff; --tint: #e3f2ef;
  --danger: #a8241a; --danger-tint: #fdecea; --warn-text: #6b4300; --warn-tint: #fdf3dc; --warn-line: #c98a1b;
  --good-text: #14532d; --good-tint: #e5f5ea; --good-line: #2f8f57;
  --shadow: 0 1px 2px rgb(16 32 28 / 6%), 0 8px 28px rgb(16 32 28 / 7%);
  --radius: 12px;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1514; --card: #182120; --sunken: #121a19;
    --text: #e7eeec; --quiet: #a5b4b0; --line: #2c3936; --edge: #71837e;
    --accent: #5fd4c4; --accent-strong: #8be4d8; --on-accent: #06231f; --tint: #17332f;
    --danger: #ff9a8e; --danger-tint: #3a1d1a; --warn-text: #f5cf86; --warn-tint: #33270f; --warn-line: #b98a35;
    --good-text: #9fe0b6; --good-tint: #14301f; --good-line: #3d9a63;
    --shadow: 0 1px 2px rgb(0 0 0 / 40%), 0 8px 28px rgb(0 0 0 / 30%);
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { font-size: 100%; -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; min-height: 100vh; display: flex; flex-direction: column;
  background: var(--page); color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', sans-serif;
}
h1, h2, h3, p, ul, ol, dl, dd, figure, fieldset { margin: 0; padding: 0; }
ul, ol { list-style: none; }
fieldset { border: 0; min-width: 0; }
h1 { font-size: 1.5rem; line-height: 1.25; letter-spacing: -0.01em; text-wrap: balance; }
h2 { font-size: 1.125rem; line-height: 1.35; }
h3 { font-size: 1rem; line-height: 1.4; }
a { color: var(--accent); text-underline-offset: 0.18em; }
a:hover { color: var(--accent-strong); }
code, pre, .mono { font-family: ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace; }
code { font-size: 0.9em; overflow-wrap: anywhere; }
h1, h2, h3, p, li, dt, dd, label, summary { overflow-wrap: anywhere; }
time { white-space: nowrap; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
@media (prefers-reduced-motion: no-preference) {
  a, .button, summary, input { transition: background-color 120ms, border-color 120ms, color 120ms; }
}
`
