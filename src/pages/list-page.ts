import { html } from './html.ts'
import type { Html } from './html.ts'

const perPage = 25

/** One page of a list, counted from 1. */
export interface ListPage<Item> {
  readonly items: readonly Item[]
  readonly page: number
  readonly pages: number
  readonly total: number
}

/** The page that was asked for, or the nearest there is. */
export function listPage<Item>(all: readonly Item[], asked: string | null): ListPage<Item> {
  const pages = Math.max(1, Math.ceil(all.length / perPage))
  const wanted = /^\d{1,6}$/.test(asked ?? '') ? Number(asked) : 1
  const page = Math.min(Math.max(wanted, 1), pages)
  return { items: all.slice((page - 1) * perPage, page * perPage), page, pages, total: all.length }
}

/** The way to the pages before and after; nothing when there is one page. */
export function pageLinks(path: string, { page, pages, total }: ListPage<unknown>): Html | null {
  if (pages === 1) return null
  const link = (to: number, label: string, rel: string) =>
    to < 1 || to > pages
      ? html`<span></span>`
      : html`<a class="button" rel="${rel}" href="${path}?page=${to}">${label}</a>`
  return html`<nav class="pages" aria-label="Pages">
    ${link(page - 1, 'Newer', 'prev')}<span class="quiet">Page ${page} of ${pages}, ${total} in all</span
    >${link(page + 1, 'Older', 'next')}
  </nav>`
}
