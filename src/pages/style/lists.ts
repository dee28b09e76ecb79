/** The account: its sections, and lists of what has access. */
export const lists = `
.tabs { display: flex; flex-wrap: wrap; gap: 0.25rem 0.5rem; border-bottom: 1px solid var(--line); }
.tabs a { padding: 0.65rem 0.85rem; margin-bottom: -1px; color: var(--quiet); text-decoration: none; font-weight: 550;
  border-bottom: 3px solid transparent; }
.tabs a:hover { color: var(--text); border-color: var(--edge); }
.tabs a[aria-current] { color: var(--text); border-color: var(--accent); }
@media (max-width: 30rem) { .tabs { gap: 0; } .tabs a { padding-inline: 0.35rem; font-size: 0.9375rem; } }
.rows { border: 1px solid var(--line); border-radius: var(--radius); background: var(--card); overflow: hidden; }
.rows > li { padding: 1.1rem 1.25rem; }
.rows > li + li { border-top: 1px solid var(--line); }
.row-head { display: flex; flex-wrap: wrap; gap: 0.35rem 0.65rem; align-items: center; }
.row { display: grid; grid-template-columns: minmax(0, 1fr) 13.5rem; gap: 0.75rem 1.5rem; align-items: start; }
.row > * { min-width: 0; }
.row-facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(11rem, 100%), 1fr)); gap: 0.5rem 1rem;
  margin-top: 0.6rem; font-size: 0.875rem; }
.row-facts .broad { grid-column: 1 / -1; }
.row-facts dt { color: var(--quiet); font-size: 0.8125rem; }
@media (max-width: 40rem) {
  .row { grid-template-columns: 1fr; }
  .row-facts { grid-template-columns: repeat(auto-fill, minmax(min(8.5rem, 100%), 1fr)); }
  .row-facts time { white-space: normal; }
}
.badge { display: inline-block; padding: 0.05rem 0.55rem; border-radius: 999px; border: 1px solid var(--line);
  background: var(--sunken); color: var(--quiet); font-size: 0.8125rem; font-weight: 600; }
.badge.here { border-color: var(--accent); background: var(--tint); color: var(--accent-strong); }
.badge.late { border-color: var(--warn-line); background: var(--warn-tint); color: var(--warn-text); }
.scopes { display: flex; flex-wrap: wrap; gap: 0.35rem; }
.scopes li { padding: 0.05rem 0.5rem; border-radius: 6px; background: var(--sunken); border: 1px solid var(--line);
  font-size: 0.875rem; }
.asks { border: 1px solid var(--line); border-radius: 8px; background: var(--sunken); }
.asks li { padding: 0.6rem 0.9rem; }
.asks li + li { border-top: 1px solid var(--line); }
details.ask > summary { list-style: none; width: max-content; }
details.ask > summary::-webkit-details-marker { display: none; }
details.ask[open] > summary { display: none; }
.ask-body { max-width: 19rem; padding: 0.85rem 1rem; border: 1px solid var(--line); border-radius: 8px;
  background: var(--sunken); }
.row-actions { display: flex; flex-wrap: wrap; gap: 0.5rem; justify-content: end; }
@media (max-width: 40rem) { .row-actions { justify-content: start; } }
.empty { padding: 2rem 1.25rem; text-align: center; color: var(--quiet); background: var(--card);
  border: 1px dashed var(--edge); border-radius: var(--radius); }
.empty strong { display: block; color: var(--text); }
.section-head { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: start; gap: 0.75rem; }
.columns { display: grid; gap: 1.25rem; grid-template-columns: repeat(auto-fit, minmax(min(16rem, 100%), 1fr)); }
pre { margin: 0; padding: 0.85rem 1rem; border: 1px solid var(--line); border-radius: 8px; background: var(--sunken);
  overflow-x: auto; font-size: 0.875rem; line-height: 1.5; }
.secret { font-size: 1rem; white-space: pre-wrap; overflow-wrap: anywhere; user-select: all; }
.copyable { position: relative; }
.copyable .copy { margin-top: 0.5rem; }
.pages { display: flex; flex-wrap: wrap; gap: 0.75rem; align-items: center; justify-content: space-between; }
`
