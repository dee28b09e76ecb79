/** The frame of every page: head, card or column, foot; and the notices that stand above the rest. */
export const frame = `
.skip { position: absolute; left: 1rem; top: -4rem; z-index: 1; padding: 0.5rem 1rem; border-radius: 0 0 8px 8px;
  background: var(--accent); color: var(--on-accent); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip:focus { top: 0; color: var(--on-accent); }
.head { width: 100%; max-width: 68rem; margin: 0 auto; padding: 1.25rem 1rem; display: flex; flex-wrap: wrap; gap: 0.5rem 1.5rem; align-items: center; }
.brand { display: inline-flex; align-items: center; gap: 0.6rem; color: var(--text); text-decoration: none;
  font-weight: 650; letter-spacing: -0.01em; }
.logo { width: 1.75rem; height: 1.75rem; fill: var(--accent); flex: none; }
.logo-inner { opacity: 0.55; }
.who { margin-left: auto; display: flex; flex-wrap: wrap; align-items: center; gap: 0.25rem 1rem;
  color: var(--quiet); font-size: 0.9375rem; min-width: 0; }
.foot { margin-top: auto; padding: 1.5rem; text-align: center; color: var(--quiet); font-size: 0.875rem;
  overflow-wrap: anywhere; }
main { width: 100%; margin: 0 auto; padding: 0.5rem 1rem 2rem; }
main:focus { outline: none; }
.narrow { max-width: 29rem; }
.narrow main, main.narrow { padding-top: clamp(0.5rem, 5vh, 3.5rem); }
.wide { max-width: 68rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: var(--radius);
  box-shadow: var(--shadow); padding: clamp(1.25rem, 5vw, 2rem); }
.stack > * + * { margin-top: 1rem; }
.stack-loose > * + * { margin-top: 1.5rem; }
.measure { max-width: 34rem; }
.lead { color: var(--quiet); }
.quiet { color: var(--quiet); }
.small { font-size: 0.875rem; }
.notice { border: 1px solid var(--good-line); border-left-width: 4px; border-radius: 8px; padding: 0.75rem 1rem;
  background: var(--good-tint); color: var(--good-text); }
.notice.warning { border-color: var(--warn-line); background: var(--warn-tint); color: var(--warn-text); }
.notice.problem { border-color: var(--danger); background: var(--danger-tint); color: var(--text); }
.notice h2 { font-size: 1rem; }
.notice a { color: inherit; }
.notice:focus { outline: 3px solid var(--accent); outline-offset: 2px; }
.facts { display: grid; grid-template-columns: minmax(6rem, max-content) 1fr; gap: 0.4rem 1.25rem; }
.facts dt { color: var(--quiet); }
.facts dd { min-width: 0; }
@media (max-width: 26rem) {
  .facts { grid-template-columns: 1fr; gap: 0; }
  .facts dd + dt { margin-top: 0.6rem; }
}
@media (max-width: 30rem) {
  .head { padding: 1rem; }
  .who { margin-left: 0; width: 100%; justify-content: space-between; }
}
`
