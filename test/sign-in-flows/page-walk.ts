import type { ArrivedPage, PageBrowser } from '../support/page-browser.ts'

/** A form as it stands on a page. */
export interface FoundForm {
  /** The page it stands on. */
  readonly page: string
  readonly action: string
  /** Everything it carries without anybody typing. */
  readonly hidden: Readonly<Record<string, string>>
}

export interface Walk {
  readonly pages: ReadonlyMap<string, ArrivedPage>
  /** Each action once. */
  readonly forms: readonly FoundForm[]
}

/** Opens pages and whatever they link to, of our own; answers all of them and the forms there are. */
export async function walkPages(browser: PageBrowser, starts: readonly string[]): Promise<Walk> {
  const pages = new Map<string, ArrivedPage>()
  const waiting = [...starts]
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    if (pages.has(path)) continue
    const page = await browser.get(path)
    if (page.headers.get('content-type')?.startsWith('text/html') !== true) continue
    pages.set(path, page)
    for (const [, link = ''] of page.text.matchAll(/href="(\/[^"#]*)"/g))
      waiting.push(link.replaceAll('&amp;', '&'))
  }
  const forms = new Map<string, FoundForm>()
  for (const [page, { text }] of pages)
    for (const form of formsOf(page, text)) if (!forms.has(form.action)) forms.set(form.action, form)
  return { pages, forms: [...forms.values()] }
}

/** Every form on a page. */
export function formsOf(page: string, text: string): readonly FoundForm[] {
  return Array.from(text.matchAll(/<form[^>]*action="([^"]*)"[\s\S]*?<\/form>/g), ([html, target = '']) => {
    const action = new URL(target, 'http://page.example').pathname
    const inputs = html.matchAll(/<input[^>]*type="hidden"[^>]*name="([^"]*)"[^>]*value="([^"]*)"/g)
    const hidden = Object.fromEntries(Array.from(inputs, ([, name = '', value = '']) => [name, value]))
    return { page, action, hidden }
  })
}
