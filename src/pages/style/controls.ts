/** Fields, buttons and choices. Targets are 44 px high where a finger must hit them. */
export const controls = `
label, legend { font-weight: 550; }
legend { padding: 0; margin-bottom: 0.4rem; }
.field > label { display: block; margin-bottom: 0.35rem; }
input + .hint, select + .hint { margin-top: 0.35rem; }
.hint { color: var(--quiet); font-size: 0.875rem; font-weight: 400; }
.wrong { color: var(--danger); font-size: 0.9375rem; margin-top: 0.35rem; }
input:not([type]), input[type='text'], input[type='email'], input[type='password'], input[type='number'], select {
  width: 100%; min-height: 2.75rem; padding: 0.5rem 0.75rem; font: inherit; color: var(--text);
  background: var(--card); border: 1px solid var(--edge); border-radius: 8px; }
input[aria-invalid='true'] { border-color: var(--danger); box-shadow: inset 0 0 0 1px var(--danger); }
input:focus-visible, select:focus-visible { outline-offset: 0; border-radius: 8px; }
input[type='checkbox'], input[type='radio'] { width: 1.15rem; height: 1.15rem; margin: 0.2rem 0 0; flex: none;
  accent-color: var(--accent); }
.choice { display: flex; gap: 0.65rem; padding: 0.45rem 0; }
.choice label { font-weight: 400; flex: 1; min-width: 0; }
.choices.boxed .choice { border: 1px solid var(--line); border-radius: 8px; padding: 0.7rem 0.85rem; }
.choices.boxed .choice + .choice { margin-top: 0.5rem; }
.choices.boxed .choice:has(:checked) { border-color: var(--accent); background: var(--tint); }
.code-input { font-size: 1.5rem; letter-spacing: 0.12em; text-transform: uppercase; text-align: center; }
.button { display: inline-flex; align-items: center; justify-content: center; gap: 0.5rem; min-height: 2.75rem;
  padding: 0.5rem 1.15rem; border: 1px solid var(--edge); border-radius: 8px; background: var(--card);
  color: var(--text); font: inherit; font-weight: 600; text-decoration: none; text-align: center; cursor: pointer; }
.button:hover { background: var(--sunken); color: var(--text); border-color: var(--text); }
.button.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
.button.primary:hover { background: var(--accent-strong); border-color: var(--accent-strong); color: var(--on-accent); }
.button.danger { color: var(--danger); border-color: var(--danger); }
.button.danger:hover { background: var(--danger-tint); color: var(--danger); }
.button.plain { border-color: transparent; background: none; min-height: 2.25rem; padding: 0.25rem 0.5rem;
  color: var(--accent); font-weight: 550; text-decoration: underline; text-underline-offset: 0.18em; }
.who .button.plain { padding-left: 0; padding-right: 0; }
.button.full { width: 100%; }
.button:focus-visible { border-radius: 8px; }
.actions { display: flex; flex-wrap: wrap; gap: 0.75rem; align-items: center; }
.actions.equal > * { flex: 1 1 8rem; }
.or { display: flex; align-items: center; gap: 0.75rem; color: var(--quiet); font-size: 0.875rem; }
.or::before, .or::after { content: ''; flex: 1; border-top: 1px solid var(--line); }
@media (forced-colors: active) { .button, .card, .notice { border: 1px solid; } }
`
