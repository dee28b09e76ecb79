import { expect, it } from 'vitest'
import { html } from './html.ts'

const text = (value: string) => String(html`<p title="${value}">${value}</p>`)

it('escapes text and attributes alike', () => {
  expect(text(`<script>"'\`&`)).toBe(
    '<p title="&lt;script&gt;&quot;&#39;&#96;&amp;">&lt;script&gt;&quot;&#39;&#96;&amp;</p>',
  )
})

it('puts markup into markup as it is, one or many, and nothing for false and null', () => {
  const items = ['a', '<b>'].map((item) => html`<li>${item}</li>`)
  const [inner, rule] = [
    html`<b>x</b>`,
    html`<ul>
      ${items}
    </ul>`,
  ]
  expect(String(html`[${inner}${null}${false}${0}]`)).toBe('[<b>x</b>0]')
  expect(String(rule).replaceAll(/\s*\n\s*/g, '')).toBe('<ul><li>a</li><li>&lt;b&gt;</li></ul>')
})

it.each([
  '\u202Egnp.exe',
  'a\u2066b',
  '\u0000',
  '\u001b[31m',
  '\u200b',
  '\u061c',
  '\ufeff',
  '\u0085',
  '\ud800',
])('shows %j as the replacement character: it would change how the text around it reads', (value) => {
  expect(text(value)).toContain('\uFFFD')
  expect(text(value)).not.toContain(value)
})

it('leaves names in every script as they are', () => {
  for (const name of ['Ünïcode', 'שלום', '日本語', 'می‌خواهم', '👩‍💻']) expect(text(name)).toContain(name)
})
