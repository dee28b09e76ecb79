/** What a person does with a browser at a provider, by a script: cookies, redirects and the one form of each peer. */
export interface PeerBrowser {
  /**
   * Goes to a provider's page, signs in as `login` and follows the way back. Answers the callback URL, which is not
   * requested: whoever asks may change it first.
   */
  signIn(page: URL, login: string, callback: string): Promise<URL>
}

/** A new browser, with an empty jar. */
export function openPeerBrowser(): PeerBrowser {
  const jar = new Map<string, string>()

  async function request(url: URL, form?: URLSearchParams): Promise<Response> {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const sent = form === undefined ? {} : { method: 'POST', body: form }
    const response = await fetch(url, { redirect: 'manual', headers: { Cookie: cookie }, ...sent })
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/s)
      if (value === '' || /expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(name)
      else jar.set(name, value)
    }
    return response
  }

  return {
    async signIn(page, login, callback) {
      let url = page
      let form: URLSearchParams | undefined
      for (let steps = 0; steps < 12; steps += 1) {
        const response = await request(url, form)
        const text = await response.text()
        const location = response.headers.get('location')
        form = undefined
        if (location !== null) {
          url = new URL(location, url)
          if (url.href.startsWith(`${callback}?`)) return url
          continue
        }
        const action = /<form method="post" action="([^"]+)"/.exec(text)?.[1]
        if (action === undefined) throw new Error(`${url.href} answered ${response.status}: ${text}`)
        form = new URLSearchParams(fieldsOf(text))
        form.set('login', login)
        url = new URL(action, url)
      }
      throw new Error('the way back was not found in twelve steps')
    },
  }
}

function fieldsOf(html: string): [string, string][] {
  return Array.from(html.matchAll(/name="([^"]+)" value="([^"]*)"/g), ([, name = '', value = '']) => [
    name,
    value.replaceAll('&lt;', '<').replaceAll('&quot;', '"').replaceAll('&amp;', '&'),
  ])
}
